"""An upgrade as Step Functions runs it: scripted functions, every state that is no failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.scripted_upgrade import (
    BOUGHT,
    DAY,
    MOVED_UP,
    PERIOD,
    PROPOSED,
    REDEEMED,
    REMINDED,
    START,
    TIER_UPGRADE,
    TO_THE_DISPATCH,
    TO_THE_GIFT,
    TO_THE_REVIEW,
    UPGRADE,
    outcome,
    scripted_upgrade,
    states,
    status,
    still,
    woken_after,
)
from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    returns,
    sequence,
)

COVERAGE = Coverage(TIER_UPGRADE)


@pytest.fixture
def upgrade(machines: StateMachines) -> StateMachine:
    return scripted_upgrade(machines, COVERAGE)


class TestTheReview:
    def test_a_yes_brings_tier_voucher_mail_and_gift(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        woken_after(machines, 2 * DAY, DAY)

        run = upgrade.run(PROPOSED, name="u1")

        assert outcome(run) == "dispatched"
        assert run.states == [
            *TO_THE_REVIEW, *TO_THE_GIFT, *TO_THE_DISPATCH, "IsDispatched", "Dispatched",
        ]  # fmt: skip
        assert run.stopped_at == START + 3 * DAY

    def test_a_no_holds(self, machines: StateMachines, upgrade: StateMachine) -> None:
        woken_after(machines, DAY)
        machines.register(ReadTaskFunction=states("rejected"))

        run = upgrade.run(PROPOSED)

        assert outcome(run) == "rejected"
        assert run.states == [*TO_THE_REVIEW, "RejectUpgrade", "Rejected"]
        assert machines.events_of("UpgradeTierFunction") == []

    def test_functions_get_ids_only(self, machines: StateMachines, upgrade: StateMachine) -> None:
        woken_after(machines, timedelta(), timedelta())

        upgrade.run(PROPOSED)

        ids = UPGRADE | {"correlation_id": "c1"}
        for function in ("OpenReviewTask", "UpgradeTier", "CreateVoucher", "OpenGiftTask"):
            assert machines.events_of(f"{function}Function") == [ids]
        assert machines.events_of("SendTierUpgradeEmailFunction") == [ids]
        assert machines.events_of("ReadTaskFunction") == [
            {"task_id": task_id, "correlation_id": "c1"} for task_id in ("review", "gift")
        ]
        assert machines.events_of("AwaitDecisionFunction") == [
            {"task_id": task_id, "task_token": token, "correlation_id": "c1"}
            for task_id, token in zip(("review", "gift"), machines.tokens.issued, strict=True)
        ]

    def test_reminders_go_on_until_somebody_decides(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(
            ReadTaskFunction=states("open", "open", "rejected"),
            RemindOfTaskFunction=sequence(still(), still()),
        )

        run = upgrade.run(PROPOSED)

        assert outcome(run) == "rejected"
        assert run.stopped_at == START + 3 * PERIOD
        assert run.states.count("AwaitReview") == 3
        assert machines.events_of("RemindOfTaskFunction") == 2 * [
            {"task_id": "review", "started_at": "2017-01-01T00:00:00Z", "correlation_id": "c1"}
        ]

    def test_the_next_wait_is_as_long_as_the_program_says_by_then(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        longer = status("open", "review", hand_over=False) | {"reminder_seconds": 86_400 * 10}
        machines.register(
            ReadTaskFunction=states("open", "rejected"), RemindOfTaskFunction=returns(longer)
        )

        run = upgrade.run(PROPOSED)

        assert run.stopped_at == START + PERIOD + 10 * DAY

    def test_a_yes_after_three_weeks_and_six_reminders(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(
            ReadTaskFunction=states(*["open"] * 6, "approved", "dispatched", task_id="review"),
        )
        run = upgrade.start(PROPOSED)
        machines.clock.advance(6 * PERIOD + 2 * DAY)
        assert run.is_running
        [token] = machines.tokens.open
        machines.succeed(token)

        assert outcome(run.wait()) == "dispatched"
        assert len(machines.events_of("RemindOfTaskFunction")) == 6

    @pytest.mark.parametrize("state", ["approved", "rejected", "withdrawn"])
    def test_a_task_that_is_over_is_not_waited_for(
        self, machines: StateMachines, upgrade: StateMachine, state: str
    ) -> None:
        machines.register(
            OpenReviewTaskFunction=returns(status(state)), ReadTaskFunction=states("dispatched")
        )

        run = upgrade.run(PROPOSED)

        assert "AwaitReview" not in run.states
        assert outcome(run) == {"approved": "dispatched"}.get(state, state)

    def test_what_the_reminder_withdrew_is_not_waited_for(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("open"), RemindOfTaskFunction=still("withdrawn"))

        run = upgrade.run(PROPOSED)

        assert outcome(run) == "withdrawn"
        assert run.states == [*TO_THE_REVIEW, *REMINDED, "IsReviewed", "Withdrawn"]

    def test_a_yes_that_came_too_late(self, machines: StateMachines, upgrade: StateMachine) -> None:
        machines.register(
            UpgradeTierFunction=returns(
                {"member_id": "m1", "outcome": "withdrawn", "has_gift": False}
            )
        )

        run = upgrade.run(PROPOSED)

        assert outcome(run) == "withdrawn"
        assert machines.events_of("CreateVoucherFunction") == []

    def test_a_tier_without_a_gift(self, machines: StateMachines, upgrade: StateMachine) -> None:
        machines.register(
            UpgradeTierFunction=returns(
                {"member_id": "m1", "outcome": "upgraded", "has_gift": False}
            )
        )

        run = upgrade.run(PROPOSED)

        assert outcome(run) == "upgraded"
        assert run.states[-2:] == ["HasGift", "Upgraded"]


def test_what_comes_with_it_goes_to_whom_the_member_was_merged_into(
    machines: StateMachines, upgrade: StateMachine
) -> None:
    upgraded = {"member_id": "survivor", "outcome": "upgraded", "has_gift": False}
    machines.register(ReadTaskFunction=states("approved"), UpgradeTierFunction=returns(upgraded))

    assert outcome(upgrade.run(PROPOSED)) == "upgraded"
    for function in ("CreateVoucherFunction", "SendTierUpgradeEmailFunction"):
        [event] = machines.events_of(function)
        assert event["member_id"] == "survivor"


class TestAtOnce:
    def test_whom_an_order_moved_up_gets_voucher_mail_and_gift(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("dispatched"))

        run = upgrade.run(BOUGHT)

        assert run.states == [
            "WhyStarted", *TO_THE_GIFT, *TO_THE_DISPATCH, "IsDispatched", "Dispatched",
        ]  # fmt: skip

    def test_a_return_came_first(self, machines: StateMachines, upgrade: StateMachine) -> None:
        machines.register(
            UpgradeTierFunction=returns(
                {"member_id": "m1", "outcome": "withdrawn", "has_gift": False}
            )
        )

        assert outcome(upgrade.run(BOUGHT)) == "withdrawn"
        assert machines.events_of("CreateVoucherFunction") == []

    def test_the_next_part_of_its_gift_waits_on(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("dispatched"))

        run = upgrade.run(BOUGHT | {"part": 2, "continues": "dispatch"})

        assert run.states[:2] == ["WhyStarted", "OpenGiftTask"]


class TestTheGift:
    def test_who_moved_up_without_a_yes_gets_the_gift_only(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("dispatched"))

        run = upgrade.run(MOVED_UP)

        assert run.states == ["WhyStarted", *TO_THE_DISPATCH, "IsDispatched", "Dispatched"]
        assert machines.events_of("CreateVoucherFunction") == []

    def test_who_redeemed_a_gift_gets_it(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("open", "dispatched", task_id="gift"))

        run = upgrade.run(REDEEMED)

        assert outcome(run) == "dispatched"
        assert run.states == [
            "WhyStarted", "FindGiftTask", *TO_THE_DISPATCH[1:], "IsDispatched", "Dispatched",
        ]  # fmt: skip
        assert machines.events_of("OpenGiftTaskFunction") == []

    @pytest.mark.parametrize(
        ("state", "ending"),
        [
            ("dispatched", "dispatched"),
            ("returned", "dispatched"),
            ("undeliverable", "undeliverable"),
            ("cancelled", "gift_cancelled"),
            ("withdrawn", "gift_withdrawn"),
        ],
    )
    @pytest.mark.parametrize("opened", [False, True], ids=["found so", "became so"])
    def test_the_ends(
        self,
        machines: StateMachines,
        upgrade: StateMachine,
        state: str,
        ending: str,
        opened: bool,
    ) -> None:
        machines.register(
            OpenGiftTaskFunction=returns(status("open" if opened else state)),
            ReadTaskFunction=states(state),
        )

        run = upgrade.run(MOVED_UP)

        assert outcome(run) == ending
        assert ("AwaitDispatch" in run.states) == opened

    def test_a_packed_gift_is_waited_for_on(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        woken_after(machines, DAY, DAY)
        machines.register(
            ReadTaskFunction=states("packed", "dispatched"), RemindOfTaskFunction=still("packed")
        )

        run = upgrade.run(MOVED_UP)

        assert outcome(run) == "dispatched"
        assert run.stopped_at == START + 2 * DAY

    def test_a_gift_that_nobody_sends_is_reminded_of(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states(*["open"] * 5, "cancelled"))

        run = upgrade.run(MOVED_UP)

        assert run.states.count("RemindWarehouse") == 5
        assert run.stopped_at == START + 6 * PERIOD

    def test_what_the_reminder_withdrew_is_not_waited_for(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("open"), RemindOfTaskFunction=still("withdrawn"))

        assert outcome(upgrade.run(MOVED_UP)) == "gift_withdrawn"


class TestElevenMonths:
    @pytest.mark.parametrize(
        ("given", "what"), [(PROPOSED, "review"), (MOVED_UP, "dispatch")], ids=["review", "gift"]
    )
    def test_the_next_part_waits_on(
        self,
        machines: StateMachines,
        upgrade: StateMachine,
        given: dict[str, Any],
        what: str,
    ) -> None:
        machines.register(
            ReadTaskFunction=states("open"), RemindOfTaskFunction=still(hand_over=True)
        )

        run = upgrade.run(given)

        assert outcome(run) == "continued"
        assert machines.events_of("ContinueUpgradeFunction") == [
            {
                "continues": what,
                "machine_arn": upgrade.arn,
                "upgrade": given,
                "correlation_id": "c1",
            }
        ]

    def test_the_next_part_of_a_dispatch_opens_no_review(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        machines.register(ReadTaskFunction=states("dispatched"))

        run = upgrade.run(PROPOSED | {"part": 2, "continues": "dispatch"})

        assert run.states[:2] == ["WhyStarted", "OpenGiftTask"]

    def test_the_next_part_of_a_review_reads_its_task(
        self, machines: StateMachines, upgrade: StateMachine
    ) -> None:
        run = upgrade.run(PROPOSED | {"part": 2, "continues": "review"})

        assert run.states[:2] == ["WhyStarted", "OpenReviewTask"]


def test_every_state_was_executed() -> None:
    states_left = [state for state in COVERAGE.missing() if "-->" not in state]
    assert states_left == ["MemberGone", "UpgradeFailed"]
