"""The machine `tier_upgrade` with scripted functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.state_machines import (
    Coverage,
    Execution,
    StateMachine,
    StateMachines,
    returns,
    sequence,
)

TIER_UPGRADE = Path(__file__).parents[2] / "statemachines/tier_upgrade.asl.yaml"
START = datetime(2017, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PERIOD = 3 * DAY
UPGRADE = {"member_id": "m1", "upgrade_id": "u1", "to_tier": "platinum"}
PROPOSED: dict[str, Any] = {
    **UPGRADE,
    "reason": "proposed",
    "correlation_id": "c1",
    "started_at": "2017-01-01T00:00:00Z",
    "task_id": None,
    "part": 1,
    "continues": None,
}
REDEEMED = PROPOSED | {"reason": "redeemed", "to_tier": None, "task_id": "gift"}
MOVED_UP = PROPOSED | {"reason": "upgraded"}
BOUGHT = PROPOSED | {"reason": "order"}
TO_THE_WAIT = ["WhyStarted", "OpenReviewTask", "IsReviewOpen", "AwaitReview"]
TO_THE_REVIEW = [*TO_THE_WAIT, "ReadReview", "IsReviewed"]
REMINDED = ["RemindReviewer", "KeepAwaitingReview"]
TO_THE_GIFT = ["UpgradeTier", "IsUpgraded", "CreateVoucher", "SendTierUpgradeEmail", "HasGift"]
TO_THE_DISPATCH = ["OpenGiftTask", "IsGiftToBeSent", "AwaitDispatch", "ReadDispatch"]


def status(state: str, task_id: str = "t1", **more: Any) -> dict[str, Any]:
    seconds = int(PERIOD.total_seconds())
    return {"task_id": task_id, "state": state, "reminder_seconds": seconds} | more


def states(*values: str, task_id: str = "t1") -> Callable[[Any, Any], Any]:
    return sequence(*(returns(status(value, task_id)) for value in values))


def still(state: str = "open", *, hand_over: bool = False) -> Callable[[Any, Any], Any]:
    return returns(status(state, hand_over=hand_over))


def scripted_upgrade(machines: StateMachines, coverage: Coverage) -> StateMachine:
    """Return an upgrade on which everything works, whose tier has a gift; nobody wakes it."""
    machines.register(
        OpenReviewTaskFunction=returns(status("open", "review")),
        AwaitDecisionFunction=returns(None),
        ReadTaskFunction=states("approved", "dispatched"),
        RemindOfTaskFunction=still(),
        ContinueUpgradeFunction=returns({"successor": "u1.2"}),
        RejectUpgradeFunction=returns(None),
        UpgradeTierFunction=returns({"member_id": "m1", "outcome": "upgraded", "has_gift": True}),
        CreateVoucherFunction=returns({"is_issued": True}),
        SendTierUpgradeEmailFunction=returns({"outcome": "sent"}),
        OpenGiftTaskFunction=returns(status("open", "gift")),
    )
    return machines.load(TIER_UPGRADE, coverage=coverage)


def woken_after(machines: StateMachines, *spans: timedelta) -> None:
    """Wake one wait after the other, as WakeUpgrade does when a task was decided."""
    left = list(spans)

    def store_token(event: dict[str, Any], _context: object) -> None:
        if left:
            machines.clock.at(left.pop(0), lambda: machines.succeed(event["task_token"]))

    machines.register(AwaitDecisionFunction=store_token)


def outcome(run: Execution) -> str:
    assert run.status == "SUCCEEDED", run.cause
    return str(run.output["outcome"])
