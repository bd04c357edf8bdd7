"""The sweep of a lowered threshold as Step Functions runs it, with scripted functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

THRESHOLD_SWEEP = Path(__file__).parents[2] / "statemachines/threshold_sweep.asl.yaml"
COVERAGE = Coverage(THRESHOLD_SWEEP)
SHARDS = list(range(256))
REPORT = {"program_version": 3, "crossed": 12, "failed": []}


def plan(*shards: int) -> Any:
    return returns(
        lambda event: {"sweep_id": event["sweep_id"], "program_version": 3, "shards": list(shards)}
    )


@pytest.fixture
def threshold_sweep(machines: StateMachines) -> StateMachine:
    """Version 3 has a lower threshold, and all goes well."""
    machines.register(
        PlanThresholdSweepFunction=plan(*SHARDS),
        SweepShardFunction=returns({"crossed": 1}),
        SummarizeThresholdSweepFunction=returns(REPORT),
    )
    return machines.load(THRESHOLD_SWEEP, coverage=COVERAGE)


def test_every_shard_is_swept_before_the_summary(
    machines: StateMachines, threshold_sweep: StateMachine
) -> None:
    run = threshold_sweep.run({"scheduled_at": "2017-03-02T07:30:00Z"}, name="s-1")

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == REPORT
    assert machines.events_of("PlanThresholdSweepFunction") == [{"sweep_id": "s-1"}]
    assert machines.events_of("SweepShardFunction") == [
        {"sweep_id": "s-1", "shard": shard} for shard in SHARDS
    ]
    assert machines.events_of("SummarizeThresholdSweepFunction") == [
        {"sweep_id": "s-1", "program_version": 3}
    ]


def test_when_nothing_became_lower_nobody_is_looked_at(
    machines: StateMachines, threshold_sweep: StateMachine
) -> None:
    machines.register(PlanThresholdSweepFunction=plan())

    run = threshold_sweep.run({})

    assert run.status == "SUCCEEDED"
    assert run.states == ["PlanThresholdSweep", "IsSweepOwed", "NothingToSweep"]
    assert machines.events_of("SweepShardFunction") == []


def test_a_shard_is_tried_again(machines: StateMachines, threshold_sweep: StateMachine) -> None:
    machines.register(
        PlanThresholdSweepFunction=plan(7),
        SweepShardFunction=sequence(raises("ChangeRefused"), returns({})),
    )

    assert threshold_sweep.run({}).status == "SUCCEEDED"
    assert len(machines.events_of("SweepShardFunction")) == 2


def test_a_shard_that_fails_leaves_the_sweep_owed(
    machines: StateMachines, threshold_sweep: StateMachine
) -> None:
    def sweep_shard(event: dict[str, Any], context: object) -> object:
        script = raises("KeyError") if event["shard"] == 1 else returns({})
        return script(event, context)

    machines.register(PlanThresholdSweepFunction=plan(0, 1, 2), SweepShardFunction=sweep_shard)

    run = threshold_sweep.run({})

    assert (run.status, run.error) == ("FAILED", "ThresholdSweepIncomplete")
    assert run.cause == "Shards that failed: [1]"
    assert {event["shard"] for event in machines.events_of("SweepShardFunction")} == {0, 1, 2}
    assert machines.events_of("SummarizeThresholdSweepFunction") == []


def test_members_who_failed_are_named(
    machines: StateMachines, threshold_sweep: StateMachine
) -> None:
    machines.register(
        PlanThresholdSweepFunction=plan(0),
        SummarizeThresholdSweepFunction=returns(REPORT | {"failed": ["m1", "m2"]}),
    )

    run = threshold_sweep.run({})

    assert (run.status, run.error) == ("FAILED", "MembersNotSwept")
    assert run.cause == 'Members that failed: ["m1","m2"]'


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanThresholdSweepFunction", raises("KeyError"), "PlanThresholdSweep"),
        (
            "PlanThresholdSweepFunction",
            returns({"sweep_id": "s-1", "program_version": 3, "shards": 8}),
            "ForEachShard",
        ),
        (
            "SummarizeThresholdSweepFunction",
            raises("SweepIncomplete"),
            "SummarizeThresholdSweep",
        ),
    ],
    ids=["no plan", "no shards", "no summary"],
)
def test_a_sweep_that_cannot_be_done_fails(
    machines: StateMachines, threshold_sweep: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = threshold_sweep.run({})

    assert (run.status, run.error) == ("FAILED", "ThresholdSweepFailed")
    assert run.states[-2:] == [state, "ThresholdSweepFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
