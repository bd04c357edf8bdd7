"""Outreach to the silent as Step Functions runs it, with scripted functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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

INACTIVE_OUTREACH = Path(__file__).parents[2] / "statemachines/inactive_outreach.asl.yaml"
COVERAGE = Coverage(INACTIVE_OUTREACH)
UNTIL = "2017-01-03T10:00:00Z"


@pytest.fixture
def outreach(machines: StateMachines) -> StateMachine:
    """Two shards with one page each."""
    machines.register(
        PlanOutreachFunction=returns({"until": UNTIL, "shards": [0, 1]}),
        SendOutreachFunction=returns({"sent": 3, "skipped": 1, "more": False}),
        SummarizeOutreachFunction=returns({"sent": 6, "skipped": 2}),
    )
    return machines.load(INACTIVE_OUTREACH, coverage=COVERAGE)


def test_every_shard_is_worked_through_and_summed(
    machines: StateMachines, outreach: StateMachine
) -> None:
    run = outreach.run({}, name="2017-01-03T10-00-00Z")

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == {"sent": 6, "skipped": 2}
    assert machines.events_of("PlanOutreachFunction") == [{"run_id": run.name}]
    assert machines.events_of("SendOutreachFunction") == [
        {"shard": 0, "until": UNTIL},
        {"shard": 1, "until": UNTIL},
    ]
    assert machines.events_of("SummarizeOutreachFunction") == [
        {
            "run_id": run.name,
            "until": UNTIL,
            "shards": [
                {"shard": 0, "sent": 3, "skipped": 1},
                {"shard": 1, "sent": 3, "skipped": 1},
            ],
        }
    ]


def test_a_shard_goes_on_until_no_page_is_left(
    machines: StateMachines, outreach: StateMachine
) -> None:
    pages = sequence(
        returns({"sent": 100, "skipped": 0, "more": True}),
        returns({"sent": 90, "skipped": 10, "more": True}),
        returns({"sent": 1, "skipped": 0, "more": False}),
    )
    machines.register(
        PlanOutreachFunction=returns({"until": UNTIL, "shards": [7]}), SendOutreachFunction=pages
    )

    outreach.run({})

    [summarized] = machines.events_of("SummarizeOutreachFunction")
    assert summarized["shards"] == [{"shard": 7, "sent": 191, "skipped": 10}]


def test_without_shards_there_is_nothing_to_do(
    machines: StateMachines, outreach: StateMachine
) -> None:
    machines.register(PlanOutreachFunction=returns({"until": UNTIL, "shards": []}))

    assert outreach.run({}).status == "SUCCEEDED"
    assert machines.events_of("SendOutreachFunction") == []


def test_a_busy_member_delays_only_its_shard(
    machines: StateMachines, outreach: StateMachine
) -> None:
    busy = sequence(raises("MemberBusy"), returns({"sent": 1, "skipped": 0, "more": False}))
    sent = returns({"sent": 2, "skipped": 0, "more": False})
    machines.register(
        SendOutreachFunction=lambda event, context: (busy if event["shard"] == 0 else sent)(
            event, context
        )
    )

    run = outreach.run({})

    assert run.status == "SUCCEEDED"
    assert run.stopped_at is not None
    assert run.stopped_at <= datetime(2017, 1, 1, tzinfo=UTC) + timedelta(minutes=1)


def test_a_failed_shard_is_named_and_the_others_are_done(
    machines: StateMachines, outreach: StateMachine
) -> None:
    def send(event: dict[str, Any], _context: object) -> dict[str, Any]:
        if event["shard"] == 1:
            raise KeyError("template")
        return {"sent": 3, "skipped": 0, "more": False}

    machines.register(SendOutreachFunction=send)

    run = outreach.run({})

    assert (run.status, run.error) == ("FAILED", "OutreachIncomplete")
    assert run.cause == "Shards that failed: [1]"
    [summarized] = machines.events_of("SummarizeOutreachFunction")
    assert summarized["shards"] == [
        {"shard": 0, "sent": 3, "skipped": 0},
        {"shard": 1, "sent": 0, "skipped": 0, "error": "KeyError"},
    ]


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanOutreachFunction", raises("KeyError"), "PlanOutreach"),
        ("PlanOutreachFunction", returns({"until": UNTIL, "shards": "none"}), "ForEachShard"),
        ("SummarizeOutreachFunction", raises("KeyError"), "SummarizeOutreach"),
    ],
)
def test_a_run_that_cannot_be_done_fails(
    machines: StateMachines, outreach: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = outreach.run({})

    assert (run.status, run.error) == ("FAILED", "OutreachFailed")
    assert run.states[-2:] == [state, "OutreachFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
