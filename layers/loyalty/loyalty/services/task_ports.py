"""What the use cases of tasks need of the world (ProgramTable)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from loyalty.domain.tasks import Task, TaskKind, TaskState


class TaskStore(Protocol):
    """Tasks of staff; they are written with their member (`MemberChange.tasks`)."""

    def task(self, task_id: str) -> Task | None: ...

    def tasks(
        self, kind: TaskKind, state: TaskState, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Task], str | None]:
        """Return a page, oldest first, and the next cursor; a change shows after a moment."""
        ...

    def store_token(self, task_id: str, token: str, at: datetime) -> None:
        """Keep the token that wakes the execution that waits for the task."""
        ...

    def token(self, task_id: str) -> str | None: ...
