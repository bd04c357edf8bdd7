"""What the console does beside telling stories: drafts of the program, charts, executions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty.contracts.funnel import FunnelReport, FunnelStages
from loyalty.contracts.program import ProgramDocument, ProgramUpdate
from loyalty.domain.errors import ExecutionNotFound, MemberNotFound
from loyalty.domain.member import EliteStatus, StatusChange
from loyalty.domain.program import Gift
from loyalty.services import charts
from loyalty.services.console_ports import Execution, ExecutionStep
from loyalty.services.execution_names import started_by
from loyalty.services.executions import execution, executions_of
from loyalty.services.program_draft import as_text, difference, read_draft
from tests.support.examples import NOW, PROGRAM, TIERS, an_order
from tests.support.shop import Shop, customer

BERLIN = ZoneInfo("Europe/Berlin")


class FakeLog:
    """Executions by machine and name; `asked` are those that were looked for."""

    def __init__(self, *names: tuple[str, str]) -> None:
        self.known = {name: Execution(*name, "RUNNING", NOW, None) for name in names}
        self.asked: list[tuple[str, str]] = []

    def execution(self, machine: str, name: str) -> Execution | None:
        self.asked.append((machine, name))
        return self.known.get((machine, name))

    def steps(self, machine: str, name: str, *, limit: int) -> list[ExecutionStep]:
        return [ExecutionStep(NOW, "entered", "SendInvite")]


def change(
    event: str, from_status: EliteStatus = "prospect", **data: str | int | bool | None
) -> StatusChange:
    return StatusChange("m-1", 7, event, NOW, NOW, from_status, "active", data)


@pytest.mark.parametrize(
    ("fact", "started"),
    [
        (change("ThresholdCrossed"), ("elite_journey", "m-1")),
        (change("InviteAllowed"), ("elite_journey", "m-1-consent-7")),
        (change("InviteAccepted", "inactive"), ("elite_journey", "m-1-welcome-7")),
        # The execution that waits for the answer welcomes.
        (change("InviteAccepted", "invited"), None),
        (change("InviteAccepted", "reminded"), None),
        (change("TierUpgradeProposed", upgrade_id="u-1"), ("tier_upgrade", "u-1")),
        (change("TierChanged", reason="order", upgrade_id="u-1"), ("tier_upgrade", "u-1")),
        (change("TierChanged", reason="downgraded", upgrade_id=None), None),
        (change("MemberEnrolled"), None),
    ],
)
def test_a_fact_names_the_execution_that_it_started(
    fact: StatusChange, started: tuple[str, str] | None
) -> None:
    assert started_by(fact, PROGRAM) == started


def test_an_upgrade_at_an_evaluation_has_one_for_its_gift_alone() -> None:
    upgraded = change("TierChanged", reason="upgraded", to_tier="gold", upgrade_id="u-1")
    assert started_by(upgraded, PROGRAM) is None
    with_gift = (TIERS[0], replace(TIERS[1], gift=Gift("mug", "Mug", 1)), TIERS[2])
    assert started_by(upgraded, replace(PROGRAM, tiers=with_gift)) == ("tier_upgrade", "u-1")


def test_executions_are_those_of_the_history_that_are_kept() -> None:
    shop = Shop()
    ada = shop.a_member()
    shop.sell(an_order("O-1", 60_000), customer(ada))
    log = FakeLog(("elite_journey", ada))
    [found] = executions_of(ada, store=shop.store, program=shop.program, log=log)
    assert (found.machine, found.name) == ("elite_journey", ada)
    assert executions_of(ada, store=shop.store, program=shop.program, log=FakeLog()) == []
    with pytest.raises(MemberNotFound):
        executions_of("nobody", store=shop.store, program=shop.program, log=log)


def test_an_execution_comes_with_its_steps() -> None:
    log = FakeLog(("elite_journey", "m-1"))
    found, steps = execution("elite_journey", "m-1", log=log)
    assert (found.status, steps[0].state) == ("RUNNING", "SendInvite")
    with pytest.raises(ExecutionNotFound):
        execution("elite_journey", "m-2", log=log)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", None),
        ("2017-04-01T06:00", datetime(2017, 4, 1, 4, tzinfo=UTC)),
        ("2017-01-01T06:00", datetime(2017, 1, 1, 5, tzinfo=UTC)),
        ("2017-04-01T06:00Z", datetime(2017, 4, 1, 6, tzinfo=UTC)),
    ],
)
def test_a_time_is_of_the_program_s_zone(typed: str, meant: datetime | None) -> None:
    draft = read_draft("{}", based_on_version=3, effective_from=typed, zone=BERLIN)
    assert isinstance(draft, ProgramUpdate)
    assert (draft.based_on_version, draft.effective_from) == (3, meant)


@pytest.mark.parametrize(
    ("text", "effective_from", "place"),
    [
        ("{", "", "line 1, column 2"),
        ("{}", "tomorrow", "effective_from"),
        ('{"variants": [{"name": "a", "weight": 0}]}', "", "variants/0/weight"),
        ("[]", "", ""),
    ],
)
def test_all_that_is_wrong_is_told_with_its_place(
    text: str, effective_from: str, place: str
) -> None:
    draft = read_draft(text, based_on_version=0, effective_from=effective_from, zone=BERLIN)
    assert isinstance(draft, tuple)
    assert draft[0].place == place


def test_a_difference_shows_what_goes_and_what_comes() -> None:
    before, after = ProgramDocument(), ProgramDocument(pending_days=21)
    lines = [(line.kind, line.text.strip()) for line in difference(before, after)]
    assert ("removed", '"pending_days": 14,') in lines
    assert ("added", '"pending_days": 21,') in lines
    assert [kind for kind, _ in lines].count("place") == 1
    assert len(lines) == 7
    assert difference(before, ProgramDocument()) == []


def test_a_definition_survives_being_shown_and_typed() -> None:
    document = ProgramDocument.from_domain(PROGRAM)
    draft = read_draft(as_text(document), based_on_version=1, effective_from="", zone=BERLIN)
    assert isinstance(draft, ProgramUpdate)
    assert draft.definition == document


def test_the_funnel_s_chart_is_of_a_hundred_who_crossed_and_were_not_held_out() -> None:
    def stages(**counts: int) -> dict[str, int]:
        return dict.fromkeys(FunnelStages.model_fields, 0) | counts

    def arm(**counts: int) -> dict[str, object]:
        bought = {"amount_minor": 0, "currency": "EUR"}
        return stages(**counts) | {
            "customers": counts.get("crossed", 0),
            "revenue": bought,
            "revenue_per_customer": bought,
            "against_hold_out": None,
        }

    report = FunnelReport.model_validate(
        {
            "from_month": "2017-01",
            "to_month": "2017-06",
            "total": stages(crossed=50),
            "by_variant": {
                "standard": arm(crossed=40, invited=40, accepted=10),
                "hold_out": arm(crossed=10, held_out=10),
                "-": arm(active=3),
            },
        }
    )
    drawn = charts.funnel(report)
    assert list(drawn.series) == ["standard"]
    assert dict(zip(drawn.labels, drawn.series["standard"], strict=True)) == {
        "invited": 100,
        "reminded": 0,
        "accepted": 25,
        "declined": 0,
        "silent": 0,
    }
