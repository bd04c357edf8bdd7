"""Deciding on a task: once, by somebody who may."""

from __future__ import annotations

from collections.abc import Collection

from loyalty.domain.errors import NotYourTask, OwnAccount
from loyalty.domain.tasks import Decision, Task, TaskDecision, TaskKind, decide
from loyalty.services.consequences import CONSEQUENCES
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.task_changes import known_task, task_change
from loyalty.services.task_ports import TaskStore


def decide_task(
    task_id: str,
    decision: Decision,
    *,
    decided_by: str,
    own_member_id: str | None,
    kinds: Collection[TaskKind],
    comment: str | None = None,
    tracking: str | None = None,
    tasks: TaskStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> Task:
    """Take a decision, in one transaction with what it brings about; again: nothing more happens.

    Requests: 2 reads and 1 transaction; 1 read for a repetition.

    Parameters
    ----------
    task_id, decision, comment, tracking
        What is decided, why, and the carrier's number of a parcel.
    decided_by, own_member_id
        The member of staff, and the member that they are themselves, if any.
    kinds
        The kinds of task that they may decide on.

    Returns
    -------
    Task
        As it is now.

    Raises
    ------
    TaskNotFound, MemberNotFound
        There is no such task, or nobody any more whom it is about.
    NotYourTask, OwnAccount, OwnRequest
        Others decide on it.
    DecisionInvalid
        It cannot be decided so.
    TaskAlreadyDecided
        It was decided otherwise, or nobody needs it any more.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> Task:
        task = known_task(tasks, task_id)
        if task.kind not in kinds:
            raise NotYourTask(task_id)
        now = clock.now()
        taken = TaskDecision(decision, decided_by, now, comment, tracking)
        decided = decide(task, taken, own_member_id=own_member_id)
        if decided is None:
            return task
        member = current_member(store, task.member_id)
        if own_member_id == member.member_id:  # what the task's member was merged into
            raise OwnAccount(task_id)
        said = {"decision": decision, "decided_by": decided_by}
        change = task_change(member, decided, "TaskDecided", now, said)
        consequence = CONSEQUENCES.get(task.kind)
        if consequence is not None:
            change = consequence(change, decided, program.current(now))
        store.commit(change)
        return decided

    return with_retries(attempt)
