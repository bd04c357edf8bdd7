"""The monthly cycle as Step Functions runs it, with scripted functions and evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

PROGRAM_CYCLE = Path(__file__).parents[2] / "statemachines/program_cycle.asl.yaml"
COVERAGE = Coverage(PROGRAM_CYCLE)
EVALUATION = "MemberEvaluationStateMachine"
INPUT = {"cycle_id": "2017-03-c1", "month": "2017-03"}
MEMBERS = ["ada", "bob", "eve"]


@pytest.fixture
def program_cycle(machines: StateMachines) -> StateMachine:
    """Three members, all evaluated, and reports."""
    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket="Bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(
        Bucket="Bucket", Key="cycles/c/members.csv", Body="\n".join(["member_id", *MEMBERS])
    )
    plan = {"cycle_id": "2017-03-c1", "month": "2017-03", "key": "cycles/c/members.csv"}
    machines.register(
        PlanCycleFunction=returns(plan | {"members": 3}),
        CollectResultsFunction=returns({"evaluated": 3, "failed_members": 0, "upgraded": 0}),
        WriteHealthReportFunction=returns({"month": "2017-03", "revision": 1}),
        RemoveExpiredVouchersFunction=returns({"expired": 0, "more": False}),
        WriteRoiReportFunction=returns({"month": "2017-03", "revision": 1}),
        CloseCycleFunction=returns({}),
    )
    machines.register_sync(EVALUATION, evaluated)
    return machines.load(PROGRAM_CYCLE, coverage=COVERAGE)


def evaluated(given: Any, _context: object) -> object:
    return {"member_id": given["member_id"], "month": given["month"], "tier": "silver"}


def test_all_members_are_evaluated_before_the_reports(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    asked: list[Any] = []
    machines.register_sync(
        EVALUATION, lambda given, context: asked.append(given) or evaluated(given, context)
    )

    run = program_cycle.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == {"cycle_id": "2017-03-c1", "month": "2017-03"}
    assert sorted(asked, key=lambda given: given["member_id"]) == [
        {"member_id": member_id, **INPUT} for member_id in MEMBERS
    ]
    inner = {"EvaluateMember", "WasMemberEvaluated", "MemberEvaluated"}
    assert [state for state in run.states if state not in inner] == [
        "PlanCycle",
        "HasMembers",
        "EvaluateMembers",
        "CollectResults",
        "LetTotalsArrive",
        "WriteHealthReport",
        "RemoveExpiredVouchers",
        "AreThereMoreVouchers",
        "WriteRoiReport",
        "CloseCycle",
        "CycleDone",
    ]
    [collected] = machines.events_of("CollectResultsFunction")
    assert collected["manifest_key"].startswith("cycles/2017-03-c1/results/")
    assert collected["manifest_key"].endswith("/manifest.json")
    assert machines.events_of("CloseCycleFunction") == [{**INPUT, "state": "done"}]


def test_a_scheduled_cycle_bears_its_execution_s_name(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    program_cycle.run({"scheduled_at": "2017-04-03T03:00:00Z"}, name="scheduled")

    assert machines.events_of("PlanCycleFunction") == [
        {"cycle_id": "scheduled", "month": None, "scheduled_at": "2017-04-03T03:00:00Z"}
    ]
    assert machines.events_of("WriteRoiReportFunction") == [INPUT]


def test_a_failing_member_does_not_stop_the_others(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    asked: list[str] = []

    def evaluate(given: Any, context: object) -> object:
        asked.append(given["member_id"])
        if given["member_id"] == "bob":
            raise KeyError("points")
        return evaluated(given, context)

    machines.register_sync(EVALUATION, evaluate)

    run = program_cycle.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert sorted(asked) == MEMBERS
    assert run.states.count("MemberNotEvaluated") == 1
    assert run.states.count("MemberEvaluated") == 2


def test_an_evaluation_that_cannot_be_started_fails_its_member_only(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    unknown = "arn:aws:states:eu-central-1:123456789012:stateMachine:unknown"
    machine = machines.load(
        PROGRAM_CYCLE, name="other", substitutions={EVALUATION: unknown}, coverage=COVERAGE
    )

    run = machine.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert run.states.count("MemberNotEvaluated") == 3


def test_without_members_there_are_reports_all_the_same(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    machines.register(PlanCycleFunction=returns({**INPUT, "key": "nothing", "members": 0}))

    run = program_cycle.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert "EvaluateMembers" not in run.states


def test_vouchers_are_removed_until_none_is_left(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    machines.register(
        RemoveExpiredVouchersFunction=sequence(
            returns({"expired": 5000, "more": True}), returns({"expired": 3, "more": False})
        )
    )

    run = program_cycle.run(INPUT)

    assert run.states.count("RemoveExpiredVouchers") == 2
    assert run.status == "SUCCEEDED", run.cause


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanCycleFunction", raises("KeyError"), "PlanCycle"),
        (
            "PlanCycleFunction",
            returns({**INPUT, "key": "gone.csv", "members": 3}),
            "EvaluateMembers",
        ),
        ("CollectResultsFunction", raises("KeyError"), "CollectResults"),
        ("WriteHealthReportFunction", raises("KeyError"), "WriteHealthReport"),
        ("RemoveExpiredVouchersFunction", raises("KeyError"), "RemoveExpiredVouchers"),
        ("WriteRoiReportFunction", raises("KeyError"), "WriteRoiReport"),
    ],
)
def test_a_cycle_that_cannot_go_on_says_why(
    machines: StateMachines, program_cycle: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = program_cycle.run(INPUT)

    assert (run.status, run.error) == ("FAILED", "CycleFailed")
    assert run.states[-3:] == [state, "RecordFailure", "CycleFailed"]
    [closed] = machines.events_of("CloseCycleFunction")
    assert closed == {"cycle_id": "2017-03-c1", "state": "failed", "reason": closed["reason"]}
    assert run.cause is not None
    assert run.cause.startswith(f"{closed['reason']}: ")


def test_a_cycle_whose_end_cannot_be_kept_fails(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    machines.register(CloseCycleFunction=raises("KeyError"))

    run = program_cycle.run(INPUT)

    assert (run.status, run.error) == ("FAILED", "CycleFailed")
    assert run.states[-3:] == ["CloseCycle", "RecordFailure", "CycleFailed"]


def test_a_cycle_again_goes_through_the_same(
    machines: StateMachines, program_cycle: StateMachine
) -> None:
    assert program_cycle.run(INPUT).states == program_cycle.run(INPUT).states


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
