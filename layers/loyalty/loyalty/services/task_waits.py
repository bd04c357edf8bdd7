"""How an execution waits for a task, however long: woken by the decision, else reminding.

The decision itself is a transaction on the task (`services.decide_task`). A token only wakes the
execution, which then reads the task: no lost wake-up, no race at the time-out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from loyalty.contracts.tier_upgrades import RemindedStatus, TaskStatus
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tasks import WAITING, Task, remind, withdraw
from loyalty.domain.tier_upgrades import is_in_review, stands
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, Executions, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.task_changes import known_task, task_change
from loyalty.services.task_ports import TaskStore

# An execution ends after a year, whatever it waits for.
HAND_OVER_AFTER: Final = timedelta(days=330)


def status_of(task: Task, definition: ProgramDefinition) -> TaskStatus:
    """Return what a machine has to know of a task."""
    period = timedelta(days=definition.task_reminder_days)
    return TaskStatus(
        task_id=task.task_id,
        state=task.state,
        reminder_seconds=period // timedelta(seconds=1),
    )


def await_decision(
    task_id: str, token: str, *, tasks: TaskStore, executions: Executions, clock: Clock
) -> None:
    """Keep the token that wakes the execution; wake it now if the decision came before the token.

    Requests: 1 put, 1 read, at most 1 wake. The token is stored first: a decision after that finds
    it, a decision before that is found here.

    Raises
    ------
    TaskNotFound
        There is no such task.
    """
    tasks.store_token(task_id, token, clock.now())
    if known_task(tasks, task_id).state not in WAITING:
        executions.wake(token)


def wake_task(task_id: str, *, tasks: TaskStore, executions: Executions) -> bool:
    """Wake the execution that waits for a task, if one does; it reads the task itself.

    Requests: 1 read, at most 1 wake.
    """
    token = tasks.token(task_id)
    if token is not None:
        executions.wake(token)
    return token is not None


def read_status(
    task_id: str, *, tasks: TaskStore, program: ProgramStore, clock: Clock
) -> TaskStatus:
    """Return where a task stands (1 read); raise `TaskNotFound` when there is none."""
    return status_of(known_task(tasks, task_id), program.current(clock.now()))


def remind_task(
    task_id: str,
    started_at: datetime,
    *,
    tasks: TaskStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> RemindedStatus:
    """Remind of a task that waits, or withdraw one that nobody needs any more.

    Requests: 2 reads, 1 transaction.

    Parameters
    ----------
    task_id
        Which.
    started_at
        When the execution began that waits for it.

    Raises
    ------
    TaskNotFound
        There is no such task.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> RemindedStatus:
        now = clock.now()
        definition = program.current(now)
        task = known_task(tasks, task_id)
        if task.state in WAITING:
            member = _member_of(task, store)
            if member is None or _is_moot(task, member):
                task = _withdrawn(task, member, store, now)
            else:
                task = _reminded(task, member, definition, store, now)
        is_old = now - started_at >= HAND_OVER_AFTER
        status = status_of(task, definition)
        return RemindedStatus(**status.model_dump(), hand_over=is_old and task.state in WAITING)

    return with_retries(attempt)


def withdraw_task(task_id: str, *, tasks: TaskStore, store: MemberStore, clock: Clock) -> bool:
    """Withdraw a task that nobody needs any more; False when there is none that waits.

    Requests: 1 read, and 1 read and 1 transaction for a task that waits.

    Raises
    ------
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> bool:
        task = tasks.task(task_id)
        if task is None or task.state not in WAITING:
            return False
        _withdrawn(task, _member_of(task, store), store, clock.now())
        return True

    return with_retries(attempt)


def _member_of(task: Task, store: MemberStore) -> Member | None:
    """Return whom a task is about; None when they are gone."""
    try:
        return current_member(store, task.member_id)
    except MemberNotFound:
        return None


def _is_moot(task: Task, member: Member) -> bool:
    """Tell whether the upgrade that the task belongs to is off: its event may still be on the way.

    Tasks that belong to no upgrade never are.
    """
    upgrade_id = task.data.get("upgrade_id")
    if not isinstance(upgrade_id, str):
        return False
    if task.kind == "tier_review":
        return not is_in_review(member, upgrade_id)
    return not stands(member.standing.spans, upgrade_id)


def _withdrawn(task: Task, member: Member | None, store: MemberStore, at: datetime) -> Task:
    withdrawn = withdraw(task)
    if withdrawn is None:
        return task
    if member is None:  # who is gone has no history to tell it in
        store.commit(MemberChange(None, tasks=(withdrawn,)))
    else:
        store.commit(task_change(member, withdrawn, "TaskWithdrawn", at))
    return withdrawn


def _reminded(
    task: Task, member: Member, definition: ProgramDefinition, store: MemberStore, at: datetime
) -> Task:
    due = remind(
        task,
        at,
        reminder_days=definition.task_reminder_days,
        escalation_days=definition.task_escalation_days,
    )
    if due is None:
        return task
    reminded, event = due
    said = {"reminders": reminded.reminders}
    store.commit(task_change(member, reminded, event, at, said))
    return reminded
