"""Tasks as staff sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from loyalty.contracts.tasks import DecisionView, GiftView, TaskPage, TaskView
from loyalty.domain.errors import CursorInvalid, NotYourTask
from loyalty.domain.member import Member
from loyalty.domain.tasks import Task, TaskKind, TaskState
from loyalty.services.ports import MemberStore
from loyalty.services.task_changes import known_task
from loyalty.services.task_ports import TaskStore

_KINDS: tuple[TaskKind, ...] = get_args(TaskKind)


def read_task(
    task_id: str,
    *,
    kinds: Sequence[TaskKind],
    only_to_send: bool,
    tasks: TaskStore,
    store: MemberStore,
) -> TaskView:
    """Return a task. Requests: 1 read, for a gift 2.

    Parameters
    ----------
    task_id
        Which.
    kinds
        The kinds of task that the caller may see.
    only_to_send
        Whether the caller learns of a gift what it takes to send it, and no more.

    Raises
    ------
    TaskNotFound
        There is no such task.
    NotYourTask
        It is of another kind.
    """
    task = known_task(tasks, task_id)
    if task.kind not in kinds:
        raise NotYourTask(task_id)
    return _views([task], only_to_send=only_to_send, store=store)[0]


def list_tasks(
    *,
    kinds: Sequence[TaskKind],
    state: TaskState,
    limit: int,
    cursor: str | None,
    only_to_send: bool,
    tasks: TaskStore,
    store: MemberStore,
) -> TaskPage:
    """Return a page of the tasks in a state: kind after kind, the oldest of each first.

    Requests: 1 query for each kind that the page touches, 1 batch read when there are gifts.

    Parameters
    ----------
    kinds, state
        Which tasks.
    limit, cursor
        How many at most, after which.
    only_to_send
        As for `read_task`.

    Raises
    ------
    CursorInvalid
        The cursor is of another list.
    """
    rest, position = _continue(kinds, cursor)
    found: list[Task] = []
    while rest:
        page, position = tasks.tasks(rest[0], state, limit=limit - len(found), cursor=position)
        found += page
        if position is not None:
            break
        rest = rest[1:]
        if len(found) == limit:
            break
    following = f"{rest[0]}.{position or ''}" if rest else None
    views = _views(found, only_to_send=only_to_send, store=store)
    return TaskPage(items=tuple(views), next_cursor=following)


def _continue(
    kinds: Sequence[TaskKind], cursor: str | None
) -> tuple[Sequence[TaskKind], str | None]:
    """Return the kinds that are still to be listed, and where in the first of them."""
    ordered = [kind for kind in _KINDS if kind in kinds]
    if cursor is None:
        return ordered, None
    kind, _, position = cursor.partition(".")
    for number, known in enumerate(ordered):
        if known == kind:
            return ordered[number:], position or None
    raise CursorInvalid


def _views(found: Sequence[Task], *, only_to_send: bool, store: MemberStore) -> list[TaskView]:
    receivers = {task.member_id for task in found if task.kind == "gift_dispatch"}
    profiles = store.profiles(sorted(receivers)) if receivers else ()
    members = {member.member_id: member for member in profiles}
    return [
        _gift_view(task, members.get(task.member_id), only_to_send=only_to_send)
        if task.kind == "gift_dispatch"
        else _full_view(task)
        for task in found
    ]


def _gift_view(task: Task, member: Member | None, *, only_to_send: bool) -> TaskView:
    gift = GiftView(
        item=str(task.data["item"]),
        quantity=int(task.data["quantity"] or 0),
        name=member.name if member else None,
        address=member.address if member else None,
    )
    view = _view(task) if only_to_send else _full_view(task)
    return view.model_copy(update={"gift": gift})


def _full_view(task: Task) -> TaskView:
    about = {
        "member_ids": task.member_ids,
        "cause": task.cause,
        "requested_by": task.requested_by,
        "data": dict(task.data),
    }
    return _view(task).model_copy(update=about)


def _view(task: Task) -> TaskView:
    return TaskView(
        task_id=task.task_id,
        kind=task.kind,
        state=task.state,
        opened_at=task.opened_at,
        reminders=task.reminders,
        escalated_at=task.escalated_at,
        decisions=tuple(
            DecisionView(
                decision=taken.decision,
                decided_by=taken.decided_by,
                decided_at=taken.decided_at,
                comment=taken.comment,
                tracking=taken.tracking,
            )
            for taken in task.decisions
        ),
    )
