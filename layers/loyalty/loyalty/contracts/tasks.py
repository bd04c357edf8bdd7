"""Tasks of staff over HTTP."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, StringConstraints

from loyalty.contracts.values import Contract, Timestamp
from loyalty.domain.tasks import Decision, TaskKind, TaskState

# Query parameters of the list: of all kinds that the caller may see when none is named.
KindFilter: TypeAlias = TaskKind | None
StateFilter: TypeAlias = TaskState
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Tracking = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?$"
    ),
]


class DecisionRequest(Contract):
    """What was decided or done, and why; `tracking` is the carrier's number of a parcel."""

    decision: Decision
    comment: Comment | None = None
    tracking: Tracking | None = None


class DecisionView(Contract):
    decision: Decision
    decided_by: str
    decided_at: Timestamp
    comment: str | None
    tracking: str | None


class GiftView(Contract):
    """What to send to whom; name and address are the member's present ones, null if unknown."""

    item: str
    quantity: int
    name: str | None
    address: str | None


class TaskView(Contract):
    """A task. Whom it is about, and why it was opened, is null for those who only send gifts."""

    task_id: str
    kind: TaskKind
    state: TaskState
    opened_at: Timestamp
    reminders: Annotated[int, Field(ge=0)]
    escalated_at: Timestamp | None
    decisions: tuple[DecisionView, ...]
    gift: GiftView | None = None
    member_ids: tuple[str, ...] | None = None
    cause: str | None = None
    requested_by: str | None = None
    data: dict[str, str | int | bool | None] | None = None


class TaskPage(Contract):
    items: tuple[TaskView, ...]
    next_cursor: str | None
