"""One change of a task, as it is written with its member."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.errors import TaskNotFound
from loyalty.domain.journey import status_change
from loyalty.domain.member import Member
from loyalty.domain.tasks import Task, TaskData
from loyalty.services.ports import MemberChange
from loyalty.services.task_ports import TaskStore


def known_task(tasks: TaskStore, task_id: str) -> Task:
    """Return the task; raise `TaskNotFound` when there is none."""
    task = tasks.task(task_id)
    if task is None:
        raise TaskNotFound(task_id)
    return task


def task_change(
    member: Member, task: Task, event: str, at: datetime, data: TaskData | None = None
) -> MemberChange:
    """Return what writes a task's new version, and the fact `event` into its member's history.

    Parameters
    ----------
    member
        As read: it becomes one version further.
    task
        As it is afterwards.
    event, at, data
        The fact's name, its time, and what it says beside the task's id and kind.
    """
    after = replace(member, version=member.version + 1)
    said: TaskData = {"task_id": task.task_id, "kind": task.kind, **(data or {})}
    return MemberChange(
        after,
        expected_version=member.version,
        status_changes=(status_change(member, after, event, at, said),),
        tasks=(task,),
    )
