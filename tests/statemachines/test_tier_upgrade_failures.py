"""An upgrade whose functions fail: every retry that waits, every Catch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.scripted_upgrade import (
    MOVED_UP,
    PROPOSED,
    REDEEMED,
    START,
    TIER_UPGRADE,
    outcome,
    scripted_upgrade,
    status,
    still,
    woken_after,
)
from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

COVERAGE = Coverage(TIER_UPGRADE)


@pytest.fixture
def upgrade(machines: StateMachines) -> StateMachine:
    return scripted_upgrade(machines, COVERAGE)


class TestMail:
    def test_a_refused_mail_is_tried_again_later(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        sent = returns({"outcome": "sent"})
        machines.register(
            SendTierUpgradeEmailFunction=sequence(raises("EmailRefused"), sent),
            UpgradeTierFunction=returns(
                {"member_id": "m1", "outcome": "upgraded", "has_gift": False}
            ),
        )

        assert outcome(upgrade.run(PROPOSED)) == "upgraded"

    def test_an_address_that_refuses_all_mail_still_gets_the_gift(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(SendTierUpgradeEmailFunction=raises("EmailRefused"))

        assert outcome(upgrade.run(PROPOSED)) == "dispatched"

    def test_an_unsettled_mail_is_sent_again_after_a_quarter_of_an_hour(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        woken_after(machines, timedelta(), timedelta())
        machines.register(
            SendTierUpgradeEmailFunction=sequence(
                raises("MessageUnsettled"), returns({"outcome": "sent"})
            )
        )

        assert upgrade.run(PROPOSED).stopped_at == START + timedelta(minutes=15)


OPEN = returns(status("open"))
APPROVED = returns(status("approved"))
REJECTED = {"ReadTaskFunction": [returns(status("rejected"))]}
WAITS = {"ReadTaskFunction": [OPEN]}
OLD = {**WAITS, "RemindOfTaskFunction": [still(hand_over=True)]}
# The state, its function, the input, and what functions do before.
TASKS: list[tuple[str, str, dict[str, Any], dict[str, list[Any]]]] = [
    ("OpenReviewTask", "OpenReviewTask", PROPOSED, {}),
    ("AwaitReview", "AwaitDecision", PROPOSED, {}),
    ("ReadReview", "ReadTask", PROPOSED, {}),
    ("RemindReviewer", "RemindOfTask", PROPOSED, WAITS),
    ("ContinueReview", "ContinueUpgrade", PROPOSED, OLD),
    ("RejectUpgrade", "RejectUpgrade", PROPOSED, REJECTED),
    ("UpgradeTier", "UpgradeTier", PROPOSED, {}),
    ("CreateVoucher", "CreateVoucher", PROPOSED, {}),
    ("SendTierUpgradeEmail", "SendTierUpgradeEmail", PROPOSED, {}),
    ("OpenGiftTask", "OpenGiftTask", PROPOSED, {}),
    ("FindGiftTask", "ReadTask", REDEEMED, {}),
    ("AwaitDispatch", "AwaitDecision", PROPOSED, {"AwaitDecisionFunction": [returns(None)]}),
    ("ReadDispatch", "ReadTask", PROPOSED, {"ReadTaskFunction": [APPROVED]}),
    ("RemindWarehouse", "RemindOfTask", MOVED_UP, WAITS),
    ("ContinueDispatch", "ContinueUpgrade", MOVED_UP, OLD),
]


@pytest.mark.parametrize(
    ("state", "function", "given", "before"), TASKS, ids=[task[0] for task in TASKS]
)
class TestFailures:
    def failing(
        self,
        machines: StateMachines,
        function: str,
        before: dict[str, list[Any]],
        error: str,
        attempts: int,
    ) -> None:
        name = f"{function}Function"
        for other, steps in before.items():
            machines.register(**{other: sequence(*steps)})
        failures = [raises(error, "the reason")] * attempts
        machines.register(**{name: sequence(*before.get(name, []), *failures)})

    def test_a_member_who_is_gone_ends_the_upgrade_at_once(
        self,
        machines: StateMachines,
        upgrade: StateMachine,
        state: str,
        function: str,
        given: dict[str, Any],
        before: dict[str, list[Any]],
    ) -> None:
        self.failing(machines, function, before, "MemberNotFound", attempts=1)

        run = upgrade.run(given)

        assert outcome(run) == "member_gone"
        assert run.states[-2:] == [state, "MemberGone"]

    def test_an_unknown_failure_that_stays_fails_with_error_and_cause(
        self,
        machines: StateMachines,
        upgrade: StateMachine,
        state: str,
        function: str,
        given: dict[str, Any],
        before: dict[str, list[Any]],
    ) -> None:
        self.failing(machines, function, before, "KeyError", attempts=5)

        run = upgrade.run(given)

        assert (run.status, run.error) == ("FAILED", "UpgradeFailed")
        assert "the reason" in str(run.cause)
        assert run.states[-2:] == [state, "UpgradeFailed"]


def test_a_busy_member_is_tried_again(machines: StateMachines, upgrade: StateMachine) -> None:
    upgraded = returns({"member_id": "m1", "outcome": "upgraded", "has_gift": False})
    machines.register(UpgradeTierFunction=sequence(raises("MemberBusy"), upgraded))

    assert outcome(upgrade.run(PROPOSED)) == "upgraded"


def test_every_catch_was_executed() -> None:
    assert [edge for edge in COVERAGE.missing() if "-->" in edge] == []
