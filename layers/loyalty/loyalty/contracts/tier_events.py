"""Events of tiers and of the tasks that staff decides on."""

from __future__ import annotations

from pydantic import BaseModel

from loyalty.contracts.events import Event, Published, StatusData
from loyalty.domain.tasks import Decision, TaskKind
from loyalty.domain.tiers import TierChangeReason


class UpgradeData(StatusData):
    """`upgrade_id` names the upgrade, its execution, its voucher and its gift."""

    upgrade_id: str
    to_tier: str


class TierChangedData(StatusData):
    """`qualifying`, minor units or points, was judged at the end of `month`.

    `reason` is `upgraded` or `downgraded` for an evaluation, `order` or `return` for what moved the
    member at once, `approved` for a manager's yes.
    `undone_upgrade_id` names the upgrade that a return undid.
    """

    from_tier: str | None
    to_tier: str
    reason: TierChangeReason
    month: str
    qualifying: int
    upgrade_id: str | None
    undone_upgrade_id: str | None


class TierUpgradeProposedData(UpgradeData):
    from_tier: str | None
    month: str
    qualifying: int


class TierUpgradeRejectedData(UpgradeData):
    """`held_until` is the last month for which the no holds."""

    month: str
    held_until: str


class TaskData(Published):
    """Whom the task is about, what it is."""

    member_id: str
    member_version: int
    task_id: str
    kind: TaskKind


class TaskDecidedData(TaskData):
    decision: Decision
    decided_by: str


class TaskRemindedData(TaskData):
    """`reminders` counts them from 1."""

    reminders: int


class TierChanged(Event[TierChangedData]):
    """A member is in another tier from now on."""


class TierUpgradeProposed(Event[TierUpgradeProposedData]):
    """A member qualifies for a tier that a manager has to approve."""


class TierUpgradeWithdrawn(Event[UpgradeData]):
    """A proposed upgrade is no longer qualified for."""


class TierUpgradeRejected(Event[TierUpgradeRejectedData]):
    """A manager's no took effect."""


class TaskDecided(Event[TaskDecidedData]):
    """Staff decided on a task, or did what it asked for."""


class TaskReminded(Event[TaskRemindedData]):
    """A task waits for longer than it should."""


class TaskEscalated(Event[TaskRemindedData]):
    """A task waits for so long that somebody else has to know; once."""


class TaskWithdrawn(Event[TaskData]):
    """Nobody needs the task any more."""


TIER_EVENTS: tuple[type[Event[BaseModel]], ...] = (
    TierChanged,
    TierUpgradeProposed,
    TierUpgradeWithdrawn,
    TierUpgradeRejected,
    TaskDecided,
    TaskReminded,
    TaskEscalated,
    TaskWithdrawn,
)
