"""Tasks of staff, in ProgramTable, who waits for them, and whom they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
    sortable,
)
from loyalty.adapters.dynamodb.tables import MembersItem, ProgramItem
from loyalty.domain.tasks import Task, TaskDecision, TaskKind, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.expressions.update import Action


def task_key(task_id: str) -> tuple[str, str]:
    """Return the key of a task."""
    return f"TASK#{task_id}", "TASK"


def token_key(task_id: str) -> tuple[str, str]:
    """Return the key of where an execution waits for a task."""
    return f"TASK#{task_id}", "WAKE_UP"


def task_group(kind: TaskKind, state: TaskState) -> str:
    """Return the partition of the index that has all tasks of a kind and state."""
    return f"{kind}#{state}"


class TaskItem(ProgramItem, discriminator="task"):
    """Something for staff to decide or to do."""

    task_group = UnicodeAttribute()
    task_order = UnicodeAttribute()
    task_id = UnicodeAttribute()
    kind = WordAttribute[TaskKind]()
    member_ids = DocumentAttribute(tuple[str, ...])
    opened_at = InstantAttribute()
    cause = UnicodeAttribute()
    data = DocumentAttribute(dict[str, str | int | bool | None])
    requested_by = UnicodeAttribute(null=True)
    version = IntegerAttribute()
    state = WordAttribute[TaskState]()
    decisions = DocumentAttribute(tuple[TaskDecision, ...])
    reminders = IntegerAttribute()
    reminded_at = InstantAttribute(null=True)
    escalated_at = InstantAttribute(null=True)

    @classmethod
    def of(cls, task: Task) -> TaskItem:
        return cls(
            *task_key(task.task_id),
            task_group=task_group(task.kind, task.state),
            task_order=f"{sortable(task.opened_at)}#{task.task_id}",
            task_id=task.task_id,
            kind=task.kind,
            member_ids=task.member_ids,
            opened_at=task.opened_at,
            cause=task.cause,
            data=task.data,
            requested_by=task.requested_by,
            version=task.version,
            state=task.state,
            decisions=task.decisions,
            reminders=task.reminders,
            reminded_at=task.reminded_at,
            escalated_at=task.escalated_at,
        )

    def task(self) -> Task:
        return Task(
            task_id=self.task_id,
            kind=self.kind,
            member_ids=self.member_ids,
            opened_at=self.opened_at,
            cause=self.cause,
            data=self.data,
            requested_by=self.requested_by,
            version=self.version,
            state=self.state,
            decisions=self.decisions,
            reminders=self.reminders,
            reminded_at=self.reminded_at,
            escalated_at=self.escalated_at,
        )

    def opening(self) -> list[Action]:
        """Return what opens the task, and leaves one alone that is there already."""
        attributes = self.get_attributes()
        return [
            attributes[name].set(attributes[name] | value)
            for name, value in self.attribute_values.items()
            if name not in ("pk", "sk") and value is not None
        ]


class TaskTokenItem(ProgramItem, discriminator="task_token"):
    """Where an execution waits for a task."""

    token = UnicodeAttribute()
    stored_at = InstantAttribute()


class TaskAboutItem(MembersItem, discriminator="task_about"):
    """Tells that a task is about a customer, in their partition: no index has tasks by member."""

    task_id = UnicodeAttribute()

    @classmethod
    def of(cls, task: Task) -> Iterator[TaskAboutItem]:
        """Yield one for each customer whom the task is about."""
        for member_id in task.member_ids:
            yield cls(*keys.task_about(member_id, task.task_id), task_id=task.task_id)
