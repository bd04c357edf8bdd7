"""Input and output of the machine `tier_upgrade` and of its tasks."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.journeys import Task
from loyalty.contracts.values import Contract, Timestamp
from loyalty.domain.tasks import TaskState

UpgradeReason = Literal["proposed", "upgraded", "order", "redeemed"]
Waiting = Literal["review", "dispatch"]


class UpgradeInput(Contract):
    """What an execution of `tier_upgrade` starts with; it is named `upgrade_id`.

    An upgrade that was `upgraded` by an evaluation needs its gift only; one that an `order` led to
    needs voucher and mail as well. A gift that was `redeemed` for
    points has no tier; its task `task_id` is open. Where a task waits for almost a year, the next
    execution, the `part`-th, continues to wait for it.
    """

    upgrade_id: str
    member_id: str
    to_tier: str | None
    reason: UpgradeReason
    correlation_id: str
    started_at: Timestamp
    task_id: str | None = None
    part: int = 1
    continues: Waiting | None = None


class TaskStep(Task):
    task_id: str


class AwaitStep(TaskStep):
    """`task_token` completes the state that waits for the decision."""

    task_token: str


class RemindStep(TaskStep):
    """`started_at` is when the execution began."""

    started_at: Timestamp


class ContinueStep(Task):
    """`upgrade` is the input of the execution, of the machine `machine_arn`, that hands over."""

    machine_arn: str
    upgrade: UpgradeInput
    continues: Waiting


class TaskStatus(Contract):
    """Where a task stands; `reminder_seconds` is how long to wait before the next reminder."""

    task_id: str
    state: TaskState
    reminder_seconds: int


class RemindedStatus(TaskStatus):
    """`hand_over` tells that the execution is too old to wait any longer itself."""

    hand_over: bool


class UpgradeOutcome(Contract):
    """Whether the member is in the tier now, and whether a gift comes with it.

    `member_id` is whose tier it is: the survivor's, when the member was merged meanwhile.
    """

    member_id: str
    outcome: Literal["upgraded", "withdrawn"]
    has_gift: bool
