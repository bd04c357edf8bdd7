"""Tasks of staff, and upgrades of the tier that wait for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from loyalty.contracts.points import AdjustmentAwaited
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.runtime import composition
from loyalty.services.adjust_points import adjust_points
from tests.figures.use_cases.journey import about
from tests.figures.use_cases.rewards import redeem
from tests.figures.use_cases.world import (
    Act,
    Json,
    Section,
    World,
    after,
    again,
    get,
    post,
    step,
)
from tests.support.elite_journey import MEMBER_ID, store_customer
from tests.support.examples import NOW

MONTH: Final = "2017-03"
UPGRADE_ID: Final = f"{MEMBER_ID}-{MONTH}-platinum-1"
UPGRADE: Final[Json] = {
    "member_id": MEMBER_ID,
    "upgrade_id": UPGRADE_ID,
    "to_tier": "platinum",
    "correlation_id": "member/1",
}
BEGIN: Final = TierSpan("silver", NOW)
IN_REVIEW: Final = TierStanding((BEGIN,), review=TierReview("platinum", MONTH, UPGRADE_ID))
PLATINUM: Final = TierStanding((BEGIN, TierSpan("platinum", NOW, MONTH, UPGRADE_ID)))


def member(standing: TierStanding = IN_REVIEW) -> None:
    """Store a member who bought enough for platinum."""
    store_customer(
        status="active",
        joined_at=NOW,
        standing=standing,
        months=(MonthTotals(MONTH, spend_minor=300_000, orders=3),),
    )


def upgrade(name: str, standing: TierStanding = IN_REVIEW, **more: Any) -> Act:
    """Return a step of the machine."""
    member(standing)
    return step(f"tier_upgrade.{name}", UPGRADE | more)


def review() -> str:
    """Open the task to review the upgrade; return its id."""
    task_id: str = upgrade("open_review_task")()["task_id"]
    return task_id


def gift() -> str:
    """Open the task to send the upgrade's gift; return its id."""
    task_id: str = upgrade("open_gift_task", PLATINUM)()["task_id"]
    return task_id


def on_task(name: str, task_id: str, **more: Any) -> Act:
    ids = {"task_id": task_id, "correlation_id": "member/1"}
    return step(f"tier_upgrade.{name}", ids | more)


def waiting(task_id: str) -> str:
    """Let an execution wait for the task."""
    on_task("await_decision", task_id, task_token="token-1")()
    return task_id


def decide(task_id: str, decision: str, roles: str = "manager") -> Act:
    return post("tasks", f"/v1/tasks/{task_id}/decision", {"decision": decision}, roles=roles)


def undone() -> Act:
    gift()
    step("member_evaluation.create_voucher", UPGRADE)()
    event = about("TierChanged", member_id=MEMBER_ID, upgrade_id=None, undone_upgrade_id=UPGRADE_ID)
    return step("tier_upgrade.undo_upgrade", event)


def adjustment(world: World) -> str:
    """Let somebody else ask for an adjustment that needs approval; return the task's id."""
    asked = adjust_points(
        world.ada,
        adjustment_id="A-1",
        points=5_000,
        reason="goodwill",
        made_by="somebody else",
        own_member_id=None,
        **composition.adjustment_ports(),
    )
    assert isinstance(asked, AdjustmentAwaited)
    return asked.task_id


def late_reminder(world: World) -> Act:
    task_id = review()
    world.app.set_clock(NOW + timedelta(days=3))
    return on_task("remind_of_task", task_id, started_at="2017-03-15T12:00:00Z")


def redeemed(world: World) -> Act:
    """Return the news that Ada redeemed points for a gift."""
    redeem(world, "vase")()
    event = about("RewardRedeemed", member_id=world.ada, redemption_id="R-1")
    return step("tier_upgrade.start_dispatch", event)


TASKS: Final[Section] = {
    "page of the manager's tasks": lambda world: after(
        review, get("tasks", "/v1/tasks", query={"kind": "tier_review"}, roles="manager")
    ),
    "page of tasks of every kind": lambda world: after(
        review, get("tasks", "/v1/tasks", roles="admin")
    ),
    "task": lambda world: get("tasks", f"/v1/tasks/{review()}", roles="manager"),
    "gift task, with its address": lambda world: get(
        "tasks", f"/v1/tasks/{gift()}", roles="warehouse"
    ),
    "decision on an upgrade": lambda world: decide(review(), "approved"),
    "decision on an adjustment": lambda world: decide(adjustment(world), "approved", "admin"),
    "decision on a gift": lambda world: decide(gift(), "dispatched", "warehouse"),
    "decision that was taken before": lambda world: again(decide(review(), "approved")),
}

UPGRADES: Final[Section] = {
    "upgrade started": lambda world: step(
        "tier_upgrade.start_upgrade", about("TierUpgradeProposed", upgrade_id=UPGRADE_ID)
    ),
    "review opened": lambda world: upgrade("open_review_task"),
    "token kept, not decided yet": lambda world: on_task(
        "await_decision", review(), task_token="token-1"
    ),
    "upgrade woken by the decision": lambda world: step(
        "tier_upgrade.wake_upgrade", about("TaskDecided", task_id=waiting(review()))
    ),
    "task's state": lambda world: on_task("read_task", review()),
    "reminder of a task": late_reminder,
    "approval takes effect": lambda world: upgrade("upgrade_tier"),
    "rejection takes effect": lambda world: upgrade("reject_upgrade"),
    "upgrade's voucher": lambda world: after(
        lambda: member(PLATINUM), step("member_evaluation.create_voucher", UPGRADE)
    ),
    "upgrade's mail": lambda world: after(
        lambda: member(PLATINUM), step("member_evaluation.send_tier_upgrade_email", UPGRADE)
    ),
    "gift task opened": lambda world: upgrade("open_gift_task", PLATINUM),
    "wait for a redeemed gift started": redeemed,
    "review withdrawn after a return": lambda world: after(
        review,
        step("tier_upgrade.undo_upgrade", about("TierUpgradeWithdrawn", upgrade_id=UPGRADE_ID)),
    ),
    "voucher and gift taken back after a return": lambda world: undone(),
}
