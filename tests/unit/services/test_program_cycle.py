"""The monthly cycle: who is evaluated, what came of it, how far it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.contracts.cycles import CycleProgress, EvaluationAnswer, FailedMember
from loyalty.domain.report_errors import CycleNotFound, MonthStillOpen
from loyalty.services.program_cycle import (
    FAILURES_KEPT,
    close_cycle,
    collect_results,
    cycle_progress,
    evaluate_member,
    plan_cycle,
    start_cycle,
)
from loyalty.services.report_ports import EvaluationOutcome
from tests.support.examples import an_order
from tests.support.job_fakes import FakeObjects, FakeReports
from tests.support.journey_fakes import FakeExecutions
from tests.support.shop import Shop, customer

APRIL_3 = datetime(2017, 4, 3, 1, tzinfo=UTC)
MARCH = "2017-03"


@pytest.fixture
def shop() -> Shop:
    """Members Ann and Bob, and Cid who only buys."""
    shop = Shop()
    shop.a_member("ann")
    shop.a_member("bob")
    shop.sell(an_order(), customer(card="cid"))
    shop.clock.at = APRIL_3
    return shop


@pytest.fixture
def reports() -> FakeReports:
    return FakeReports()


@pytest.fixture
def objects() -> FakeObjects:
    return FakeObjects()


def plan(
    shop: Shop,
    reports: FakeReports,
    objects: FakeObjects,
    month: str | None = MARCH,
    scheduled_at: datetime | None = None,
) -> Any:
    return plan_cycle(
        "c1",
        month,
        scheduled_at,
        store=shop.store,
        objects=objects,
        program=shop.program,
        reports=reports,
        clock=shop.clock,
    )


def test_all_members_and_nobody_else_are_evaluated(
    shop: Shop, reports: FakeReports, objects: FakeObjects
) -> None:
    planned = plan(shop, reports, objects)

    header, *members = objects.files[planned.key]
    assert header == "member_id"
    assert sorted(members) == sorted([shop.id_of("ann"), shop.id_of("bob")])
    assert (planned.members, planned.month) == (2, MARCH)


@pytest.mark.parametrize(
    ("scheduled_at", "month"),
    [
        (None, MARCH),
        (datetime(2017, 3, 3, 2, tzinfo=UTC), "2017-02"),
        # In the program's zone it is April already.
        (datetime(2017, 3, 31, 22, 30, tzinfo=UTC), MARCH),
        (datetime(2017, 1, 3, 2, tzinfo=UTC), "2016-12"),
    ],
)
def test_a_schedule_means_the_month_before(
    shop: Shop,
    reports: FakeReports,
    objects: FakeObjects,
    scheduled_at: datetime | None,
    month: str,
) -> None:
    assert plan(shop, reports, objects, None, scheduled_at).month == month


def write_results(
    objects: FakeObjects, succeeded: Sequence[Any], failed: Sequence[tuple[str, str, str]]
) -> str:
    """Write what the map's ResultWriter does."""
    done = [json.dumps({"Output": json.dumps(output)}) for output in succeeded]
    objects.files["run/SUCCEEDED_0.jsonl"] = [*done[:1], ""]
    objects.files["run/SUCCEEDED_1.jsonl"] = done[1:]
    objects.files["run/FAILED_0.jsonl"] = [
        json.dumps({"Input": json.dumps({"member_id": who}), "Error": error, "Cause": cause})
        for who, error, cause in failed
    ]
    files = {
        status: [{"Key": key, "Size": 1} for key in sorted(objects.files) if status in key]
        for status in ("FAILED", "PENDING", "SUCCEEDED")
    }
    objects.write_json("run/manifest.json", {"ResultFiles": files})
    return "run/manifest.json"


def test_results_are_added_up_and_failures_named(
    reports: FakeReports, objects: FakeObjects
) -> None:
    succeeded = [{"upgraded_to": "gold"}, {"upgraded_to": None}, {"tier": None}]
    failed = [("zoe", "EvaluationFailed", "KeyError: x"), ("bob", "States.Timeout", "")]
    key = write_results(objects, succeeded, failed)

    results = collect_results("c1", key, objects=objects, reports=reports)

    assert (results.evaluated, results.failed_members, results.upgraded) == (3, 2, 1)
    assert results.failed == (
        FailedMember(member_id="bob", reason="States.Timeout: "),
        FailedMember(member_id="zoe", reason="EvaluationFailed: KeyError: x"),
    )
    assert collect_results("c1", key, objects=objects, reports=reports) == results


def test_what_is_kept_of_failures_has_a_limit(reports: FakeReports, objects: FakeObjects) -> None:
    failed = [(f"m{number}", "Error", "x" * 5_000) for number in range(FAILURES_KEPT + 5)]

    results = collect_results(
        "c1", write_results(objects, [], failed), objects=objects, reports=reports
    )

    assert results.failed_members == FAILURES_KEPT + 5
    assert len(results.failed) == FAILURES_KEPT
    assert len(results.model_dump_json()) < 400_000


def test_a_cycle_tells_how_far_it_is(
    shop: Shop, reports: FakeReports, objects: FakeObjects
) -> None:
    executions = FakeExecutions()
    started = start_cycle(
        MARCH, executions=executions, program=shop.program, reports=reports, clock=shop.clock
    )
    cycle_id = started.cycle_id
    assert executions.inputs == {cycle_id: {"cycle_id": cycle_id, "month": MARCH}}

    def progress() -> CycleProgress:
        return cycle_progress(cycle_id, reports=reports)

    assert (progress().state, progress().members) == ("started", None)
    plan_cycle(
        cycle_id,
        MARCH,
        None,
        store=shop.store,
        objects=objects,
        program=shop.program,
        reports=reports,
        clock=shop.clock,
    )
    assert (progress().state, progress().members) == ("evaluating", 2)
    key = write_results(objects, [{}], [("bob", "E", "why")])
    collect_results(cycle_id, key, objects=objects, reports=reports)
    assert progress().state == "reporting"
    close_cycle(cycle_id, MARCH, "done", None, reports=reports, clock=shop.clock)
    assert progress() == CycleProgress(
        cycle_id=cycle_id,
        month=MARCH,
        state="done",
        started_at=APRIL_3,
        ended_at=APRIL_3,
        members=2,
        evaluated=1,
        failed_members=1,
        upgraded=0,
        failed=(FailedMember(member_id="bob", reason="E: why"),),
    )


def test_a_failed_cycle_says_why(shop: Shop, reports: FakeReports, objects: FakeObjects) -> None:
    plan(shop, reports, objects)
    close_cycle("c1", None, "failed", "States.Timeout", reports=reports, clock=shop.clock)

    progress = cycle_progress("c1", reports=reports)
    assert (progress.state, progress.reason, progress.month) == ("failed", "States.Timeout", MARCH)


def test_nobody_knows_a_cycle_that_never_was(reports: FakeReports) -> None:
    with pytest.raises(CycleNotFound):
        cycle_progress("c9", reports=reports)


def test_an_open_month_has_no_cycle(shop: Shop, reports: FakeReports) -> None:
    executions = FakeExecutions()
    with pytest.raises(MonthStillOpen):
        start_cycle(
            "2017-04",
            executions=executions,
            program=shop.program,
            reports=reports,
            clock=shop.clock,
        )
    assert executions.inputs == {}


class ScriptedEvaluations:
    def __init__(self, outcome: EvaluationOutcome) -> None:
        self.outcome = outcome
        self.asked: list[tuple[str, str | None]] = []

    def evaluate(self, member_id: str, month: str | None) -> EvaluationOutcome:
        self.asked.append((member_id, month))
        return self.outcome


def test_a_member_is_evaluated_alone(shop: Shop) -> None:
    output = {"member_id": "m1", "tier": "gold", "spend_minor": 7, "points_due": 1}
    evaluations = ScriptedEvaluations(EvaluationOutcome(output))

    answer = evaluate_member(
        "m1", MARCH, evaluations=evaluations, program=shop.program, clock=shop.clock
    )

    assert evaluations.asked == [("m1", MARCH)]
    assert answer == EvaluationAnswer(
        member_id="m1", month=MARCH, state="evaluated", tier="gold", spend_minor=7
    )


def test_a_member_is_evaluated_ad_hoc(shop: Shop) -> None:
    evaluations = ScriptedEvaluations(EvaluationOutcome({"spend_minor": 7, "month": "2017-04"}))

    answer = evaluate_member(
        "m1", None, evaluations=evaluations, program=shop.program, clock=shop.clock
    )

    assert evaluations.asked == [("m1", None)]
    assert (answer.month, answer.spend_minor) == (None, 7)


def test_an_evaluation_that_fails_again_says_why(shop: Shop) -> None:
    evaluations = ScriptedEvaluations(EvaluationOutcome(None, "EvaluationFailed: why"))

    answer = evaluate_member(
        "m1", MARCH, evaluations=evaluations, program=shop.program, clock=shop.clock
    )

    assert (answer.state, answer.reason) == ("failed", "EvaluationFailed: why")
