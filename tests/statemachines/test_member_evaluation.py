"""The evaluation of one member as Step Functions runs it, with scripted functions."""

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

MEMBER_EVALUATION = Path(__file__).parents[2] / "statemachines/member_evaluation.asl.yaml"
COVERAGE = Coverage(MEMBER_EVALUATION)
INPUT = {"member_id": "ada", "month": "2017-03"}
MEMBER = {"member_id": "ada", "version": 7, "status": "active", "standing": {}, "account": {}}
PROFILE = {
    "is_member": True,
    "month": "2017-03",
    "period": "month",
    "tier": "member",
    "points_available": 0,
    "points_pending": 100,
    "member": MEMBER,
}
TRANSACTIONS = {"orders": 2, "spend_minor": 100_000, "returned_minor": 0, "months": []}
STAYS = {"tier": "member", "qualifying": 100_000}
MOVES = {"tier": "gold", "qualifying": 100_000, "reason": "upgraded"}
UPGRADE = {"upgrade_id": "ada-2017-03-gold", "to_tier": "gold"}
HIGHER = {"upgrade_id": "ada-2017-03-platinum", "to_tier": "platinum"}
TO_GOLD = {"member_id": "ada", **UPGRADE}
ANSWERS: dict[str, Any] = {
    "RetrieveCustomerProfile": PROFILE,
    "GetRecentTransactions": TRANSACTIONS,
    "CalculateTotalSpend": {"spend_minor": 100_000},
    "CalculatePoints": {
        "points_due": 100,
        "points_missing": [{"month": "2017-03", "points": 100}],
    },
    "DetermineTierEligibility": {"decision": MOVES, "changes": True, "upgrades": []},
    "UpdatePointsBalance": {"member": MEMBER | {"version": 8}, "points_posted": 100},
    "UpdateTier": {"tier": "gold", "upgrades": [UPGRADE]},
    "CreateVoucher": {},
    "SendTierUpgradeEmail": {"outcome": "sent"},
    "SendPointsSms": {"outcome": "sent"},
}
STEPS = tuple(ANSWERS)


@pytest.fixture
def evaluation(machines: StateMachines) -> StateMachine:
    """A month in which everything happens."""
    machines.register(**{f"{step}Function": returns(answer) for step, answer in ANSWERS.items()})
    return machines.load(MEMBER_EVALUATION, coverage=COVERAGE)


def called(machines: StateMachines) -> list[str]:
    return [step for step in STEPS if machines.events_of(f"{step}Function")]


def test_a_month_in_which_everything_happens(
    machines: StateMachines, evaluation: StateMachine
) -> None:
    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert [state for state in run.states if state in STEPS] == list(STEPS)
    assert run.output == {
        "member_id": "ada",
        "month": "2017-03",
        "tier": "gold",
        "spend_minor": 100_000,
        "points_due": 100,
        "points_posted": 100,
        "upgraded_to": "gold",
    }
    # What writes gets what the first steps read, and the tier the version that the points left.
    (posting,) = machines.events_of("UpdatePointsBalanceFunction")
    assert posting == {"month": "2017-03", "member": MEMBER, "transactions": TRANSACTIONS}
    (move,) = machines.events_of("UpdateTierFunction")
    assert move == {"month": "2017-03", "member": MEMBER | {"version": 8}, "decision": MOVES}
    assert machines.events_of("CreateVoucherFunction") == [TO_GOLD]
    assert machines.events_of("SendTierUpgradeEmailFunction") == [TO_GOLD]
    assert machines.events_of("SendPointsSmsFunction") == [
        {"member_id": "ada", "month": "2017-03", "points": 100}
    ]


def test_a_usual_month_writes_nothing(machines: StateMachines, evaluation: StateMachine) -> None:
    machines.register(
        CalculatePointsFunction=returns({"points_due": 100, "points_missing": []}),
        DetermineTierEligibilityFunction=returns(
            {"decision": STAYS, "changes": False, "upgrades": []}
        ),
    )

    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert called(machines) == list(STEPS[:5])
    assert (run.output["tier"], run.output["upgraded_to"]) == ("member", None)


def test_an_upgrade_that_waits_for_a_yes_brings_no_voucher_and_no_mail(
    machines: StateMachines, evaluation: StateMachine
) -> None:
    machines.register(UpdateTierFunction=returns({"tier": "member", "upgrades": []}))

    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert "CreateVoucher" not in called(machines)
    assert "SendTierUpgradeEmail" not in called(machines)
    assert "SendPointsSms" in called(machines)


def test_what_a_broken_run_did_not_get_to_is_made_good(
    machines: StateMachines, evaluation: StateMachine
) -> None:
    machines.register(
        DetermineTierEligibilityFunction=returns(
            {"decision": STAYS, "changes": False, "upgrades": [UPGRADE, HIGHER]}
        )
    )

    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert run.output["upgraded_to"] == "platinum"
    assert "UpdateTier" not in called(machines)
    for step in ("CreateVoucher", "SendTierUpgradeEmail"):
        assert machines.events_of(f"{step}Function") == [TO_GOLD, {"member_id": "ada", **HIGHER}]


def test_who_is_no_member_is_left_alone(machines: StateMachines, evaluation: StateMachine) -> None:
    machines.register(
        RetrieveCustomerProfileFunction=returns(
            PROFILE | {"is_member": False, "tier": None, "member": None}
        )
    )

    run = evaluation.run({"member_id": "eve"})

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == {"member_id": "eve", "month": "2017-03", "tier": None}
    assert machines.events_of("RetrieveCustomerProfileFunction") == [
        {"member_id": "eve", "month": None}
    ]
    assert called(machines) == ["RetrieveCustomerProfile"]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_tried_again(
    machines: StateMachines, evaluation: StateMachine, step: str
) -> None:
    answer = returns(ANSWERS[step])
    machines.register(**{f"{step}Function": sequence(raises("MemberBusy"), answer)})

    assert evaluation.run(INPUT).status == "SUCCEEDED"
    assert len(machines.events_of(f"{step}Function")) == 2


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_keeps_failing_names_its_reason(
    machines: StateMachines, evaluation: StateMachine, step: str
) -> None:
    machines.register(**{f"{step}Function": raises("KeyError", "no such thing")})

    run = evaluation.run(INPUT)

    assert (run.status, run.error) == ("FAILED", "EvaluationFailed")
    assert run.cause is not None
    assert run.cause.startswith("KeyError")


@pytest.mark.parametrize("step", STEPS)
def test_a_member_who_goes_meanwhile_ends_the_evaluation(
    machines: StateMachines, evaluation: StateMachine, step: str
) -> None:
    machines.register(**{f"{step}Function": raises("MemberNotFound")})

    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == {"member_id": "ada", "tier": None}
    assert len(machines.events_of(f"{step}Function")) == 1


@pytest.mark.parametrize("step", ["SendTierUpgradeEmail", "SendPointsSms"])
def test_a_message_in_doubt_fails_no_evaluation(
    machines: StateMachines, evaluation: StateMachine, step: str
) -> None:
    machines.register(**{f"{step}Function": raises("MessageUnsettled")})

    run = evaluation.run(INPUT)

    assert run.status == "SUCCEEDED", run.cause
    assert run.output["upgraded_to"] == "gold"
    assert "SendPointsSms" in called(machines)
    assert len(machines.events_of(f"{step}Function")) == 1


def test_every_state_and_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
