"""Why things happened: rules in words, with the values of the version that decided."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from loyalty.contracts.events import OUTBOUND, StatusData
from loyalty.contracts.tier_events import TIER_EVENTS, TaskData
from loyalty.contracts.voucher_events import VOUCHER_EVENTS
from loyalty.domain.explanations import why_change, why_entry, why_message
from loyalty.domain.ledger import Entry, EntryKind, LedgerLine
from loyalty.domain.member import StatusChange
from tests.support.examples import NOW, PROGRAM, STANDARD

FACTS = [
    event.__name__
    for event in (*OUTBOUND, *TIER_EVENTS, *VOUCHER_EVENTS)
    if issubclass(event.model_fields["data"].annotation or object, StatusData | TaskData)
]


def change(event: str, **data: str | int | bool | None) -> StatusChange:
    return StatusChange("m-1", 2, event, NOW, NOW, "prospect", "prospect", data)


def entry(business_key: str, kind: EntryKind = "accrual", **more: int) -> Entry:
    return Entry("m-1", 1, kind, business_key, NOW, NOW, "why", (), 5, 5, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", FACTS)
def test_every_fact_of_a_member_has_a_rule(event: str) -> None:
    data = {"reason": "upgraded"} if event == "TierChanged" else {}
    assert why_change(change(event, **data), PROGRAM).rule.endswith(".")


@pytest.mark.parametrize("kind", get_args(EntryKind))
def test_every_kind_of_entry_has_a_rule(kind: EntryKind) -> None:
    for cause in (kind, "something new"):
        assert why_entry(entry(f"{cause}/1", kind), PROGRAM).rule.endswith(".")


def test_a_release_says_how_much_can_be_spent_now() -> None:
    lines = (LedgerLine("member:m-1:pending", -7), LedgerLine("member:m-1:available", 7))
    released = replace(entry("release/2017-03-29", "release"), lines=lines)
    assert why_entry(released, PROGRAM).values["released"] == 7


def test_values_are_those_of_the_version() -> None:
    why = why_entry(entry("expiry/2017-03-31", "expiry"), replace(PROGRAM, version=7))
    assert why.program_version == 7
    assert why.values == {"cause": "expiry/2017-03-31", "expiry_months": 12}


def test_a_tier_says_its_threshold_in_the_basis_of_the_program() -> None:
    said = {"reason": "upgraded", "from_tier": "member", "to_tier": "gold", "qualifying": 120_000}
    by_spend = why_change(change("TierChanged", **said), PROGRAM).values
    assert (by_spend["qualifying_minor"], by_spend["threshold_minor"]) == (120_000, 100_000)
    by_points = why_change(
        change("TierChanged", **said), replace(PROGRAM, tier_basis="points")
    ).values
    assert (by_points["qualifying_points"], by_points["threshold_points"]) == (120_000, 100_000)


def test_silence_and_lapse_are_told_apart() -> None:
    silent = why_change(
        change("CustomerInactive", inactive_reason="silent", variant="standard"), PROGRAM
    )
    assert silent.values["reminder_window_days"] == STANDARD.reminder_window_days
    lapsed = why_change(change("CustomerInactive", inactive_reason="lapsed"), PROGRAM)
    assert "benefit" in lapsed.rule
    assert silent.rule != lapsed.rule


def test_a_lowered_threshold_is_told_as_such() -> None:
    by_order = why_change(change("ThresholdCrossed", variant="standard", cause="order"), PROGRAM)
    swept = why_change(
        change("ThresholdCrossed", variant="standard", cause="lowered_threshold"), PROGRAM
    )
    assert by_order.rule != swept.rule
    assert by_order.values["threshold_minor"] == 50_000


def test_a_fact_of_a_variant_that_is_gone_is_still_told() -> None:
    assert why_change(change("CustomerReminded", variant="gone"), PROGRAM).values == {
        "variant": "gone"
    }


def test_marketing_needs_more_than_service() -> None:
    marketing = why_message("invite", marketing=True, definition=PROGRAM)
    assert marketing.values["invite_basis"] == "soft_opt_in"
    assert "consent" in why_message("statement", marketing=False, definition=PROGRAM).rule
