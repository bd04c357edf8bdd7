"""The check of the ledger as Step Functions runs it, with scripted functions."""

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
)

LEDGER_CHECK = Path(__file__).parents[2] / "statemachines/ledger_check.asl.yaml"
COVERAGE = Coverage(LEDGER_CHECK)
SHARDS = list(range(256))


@pytest.fixture
def ledger_check(machines: StateMachines) -> StateMachine:
    """All 256 shards of the members, and books that balance."""
    machines.register(
        PlanLedgerCheckFunction=returns(
            lambda event: {"check_id": event["check_id"], "shards": SHARDS}
        ),
        CheckShardFunction=returns({"entries": 40}),
        SummarizeLedgerCheckFunction=returns({"balanced": True}),
    )
    return machines.load(LEDGER_CHECK, coverage=COVERAGE)


def test_every_shard_is_checked_before_the_summary(
    machines: StateMachines, ledger_check: StateMachine
) -> None:
    run = ledger_check.run({"check_id": "k1"})

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == {"balanced": True}
    assert machines.events_of("CheckShardFunction") == [
        {"check_id": "k1", "shard": shard} for shard in SHARDS
    ]
    assert machines.events_of("SummarizeLedgerCheckFunction") == [{"check_id": "k1"}]


def test_a_scheduled_check_bears_its_execution_s_name(
    machines: StateMachines, ledger_check: StateMachine
) -> None:
    ledger_check.run({}, name="2017-01-02T04-00-00Z")

    assert machines.events_of("PlanLedgerCheckFunction") == [{"check_id": "2017-01-02T04-00-00Z"}]


def test_a_check_that_saw_only_some_members_makes_no_report(
    machines: StateMachines, ledger_check: StateMachine
) -> None:
    def check_shard(event: dict[str, Any], context: object) -> object:
        script = raises("KeyError") if event["shard"] == 1 else returns({})
        return script(event, context)

    machines.register(
        PlanLedgerCheckFunction=returns({"check_id": "k1", "shards": [0, 1, 2]}),
        CheckShardFunction=check_shard,
    )

    run = ledger_check.run({})

    assert (run.status, run.error) == ("FAILED", "LedgerCheckIncomplete")
    assert run.cause == "Shards that failed: [1]"
    assert machines.events_of("SummarizeLedgerCheckFunction") == []


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanLedgerCheckFunction", raises("KeyError"), "PlanLedgerCheck"),
        ("PlanLedgerCheckFunction", returns({"check_id": "k1", "shards": 8}), "ForEachShard"),
        ("SummarizeLedgerCheckFunction", raises("KeyError"), "SummarizeLedgerCheck"),
    ],
    ids=["no plan", "no shards", "no summary"],
)
def test_a_check_that_cannot_be_done_fails(
    machines: StateMachines, ledger_check: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = ledger_check.run({"check_id": "k1"})

    assert (run.status, run.error) == ("FAILED", "LedgerCheckFailed")
    assert run.states[-2:] == [state, "LedgerCheckFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
