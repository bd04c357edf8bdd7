"""What staff has to decide or to do: each task once, by somebody whom it is not about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from loyalty.domain.errors import DecisionInvalid, OwnAccount, OwnRequest, TaskAlreadyDecided

TaskKind = Literal["tier_review", "gift_dispatch", "merge", "fraud_review", "adjustment_approval"]
Decision = Literal[
    "approved", "rejected", "packed", "dispatched", "undeliverable", "returned", "cancelled"
]
TaskState = Literal[
    "open",
    "approved",
    "rejected",
    "packed",
    "dispatched",
    "undeliverable",
    "returned",
    "cancelled",
    "withdrawn",
]
Reminder = Literal["TaskReminded", "TaskEscalated"]
TaskData = Mapping[str, str | int | bool | None]
_Flow = Mapping[TaskState, tuple[Decision, ...]]

# Somebody still has to do something.
WAITING: Final[frozenset[TaskState]] = frozenset({"open", "packed"})

_YES_OR_NO: Final[_Flow] = {"open": ("approved", "rejected")}
_PARCEL: Final[_Flow] = {
    "open": ("packed", "dispatched", "undeliverable", "cancelled"),
    "packed": ("dispatched", "undeliverable", "cancelled"),
    "dispatched": ("undeliverable", "returned"),
}
_FLOWS: Final[Mapping[TaskKind, _Flow]] = {
    "tier_review": _YES_OR_NO,
    "gift_dispatch": _PARCEL,
    "merge": _YES_OR_NO,
    "fraud_review": _YES_OR_NO,
    "adjustment_approval": _YES_OR_NO,
}


@dataclass(frozen=True, slots=True)
class TaskDecision:
    """Who decided what, when and why; `tracking` is the carrier's number of a parcel."""

    decision: Decision
    decided_by: str
    decided_at: datetime
    comment: str | None = None
    tracking: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something for staff, at `version` after so many changes.

    `member_ids` are those whom it is about: two of a merge, else one; the first one's history tells
    what becomes of it. `cause` is the business key of what opened it, `requested_by` the member of
    staff who asked for it and may not decide. `data` holds ids, words and numbers, never personal
    data. `decisions` is what was decided so far, oldest first.
    """

    task_id: str
    kind: TaskKind
    member_ids: tuple[str, ...]
    opened_at: datetime
    cause: str
    data: TaskData = field(default_factory=dict)
    requested_by: str | None = None
    version: int = 1
    state: TaskState = "open"
    decisions: tuple[TaskDecision, ...] = ()
    reminders: int = 0
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None

    @property
    def member_id(self) -> str:
        """The member whose history tells what becomes of the task."""
        return self.member_ids[0]


def gift_task(
    task_id: str,
    member_id: str,
    *,
    sku: str,
    item: str,
    quantity: int,
    opened_at: datetime,
    cause: str,
    data: TaskData | None = None,
) -> Task:
    """Return the task to send `quantity` of an item, named `item`, to a member."""
    gift: TaskData = {"sku": sku, "item": item, "quantity": quantity}
    return Task(task_id, "gift_dispatch", (member_id,), opened_at, cause, {**gift, **(data or {})})


def choices(kind: TaskKind, state: TaskState) -> tuple[Decision, ...]:
    """Return what can be decided now on a task of a kind that is in a state."""
    return _FLOWS[kind].get(state, ())


def decide(task: Task, taken: TaskDecision, *, own_member_id: str | None = None) -> Task | None:
    """Take a decision on a task.

    Parameters
    ----------
    task
        As it is.
    taken
        What, by whom, when and why.
    own_member_id
        The member that the one who decides is themselves, if any.

    Returns
    -------
    Task or None
        One version further; None when just this was decided before.

    Raises
    ------
    OwnAccount, OwnRequest
        Nobody decides for their own account, nor on what they asked for themselves.
    DecisionInvalid
        Tasks of this kind are not decided so, or not before something else was done.
    TaskAlreadyDecided
        It was decided otherwise, or nobody needs it any more.
    """
    if own_member_id in task.member_ids:
        raise OwnAccount(task.task_id)
    if taken.decided_by == task.requested_by:
        raise OwnRequest(task.task_id)
    flow = _FLOWS[task.kind]
    if not any(taken.decision in allowed for allowed in flow.values()):
        raise DecisionInvalid(f"a task of the kind {task.kind} cannot be {taken.decision}")
    if any(_is_repetition(before, taken) for before in task.decisions):
        return None
    if taken.decision in flow.get(task.state, ()):
        return replace(
            task,
            version=task.version + 1,
            state=taken.decision,
            decisions=(*task.decisions, taken),
        )
    if task.state in WAITING:
        raise DecisionInvalid(f"a task that is {task.state} cannot be {taken.decision} yet")
    raise TaskAlreadyDecided(task.task_id)


def withdraw(task: Task) -> Task | None:
    """Return the task as one that nobody needs any more; None when nobody waits for it."""
    if task.state not in WAITING:
        return None
    return replace(task, version=task.version + 1, state="withdrawn")


def remind(
    task: Task, at: datetime, *, reminder_days: int, escalation_days: int
) -> tuple[Task, Reminder] | None:
    """Remind of a task that waits, and escalate it once when it is old.

    Parameters
    ----------
    task
        As it is.
    at
        Now.
    reminder_days
        Whole periods of 24 hours after opening, or after the latest reminder, until one is due.
    escalation_days
        How old a task is when it is escalated.

    Returns
    -------
    tuple of Task and the fact's name, or None
        None when nothing is due; so a reminder that is tried again counts once.
    """
    due_at = (task.reminded_at or task.opened_at) + timedelta(days=reminder_days)
    if task.state not in WAITING or at < due_at:
        return None
    reminded = replace(task, version=task.version + 1, reminders=task.reminders + 1, reminded_at=at)
    if task.escalated_at is None and at >= task.opened_at + timedelta(days=escalation_days):
        return replace(reminded, escalated_at=at), "TaskEscalated"
    return reminded, "TaskReminded"


def _is_repetition(before: TaskDecision, taken: TaskDecision) -> bool:
    return before.decision == taken.decision and taken.tracking in (None, before.tracking)
