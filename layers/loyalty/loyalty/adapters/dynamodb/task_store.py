"""Tasks of staff, in ProgramTable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pynamodb.exceptions import DoesNotExist

from loyalty.adapters.dynamodb import pages
from loyalty.adapters.dynamodb.task_items import (
    TaskItem,
    TaskTokenItem,
    task_group,
    task_key,
    token_key,
)
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.tasks import Task, TaskKind, TaskState


class DynamoTaskStore:
    """Implements `loyalty.services.task_ports.TaskStore`; its models must be bound."""

    def task(self, task_id: str) -> Task | None:
        try:
            return TaskItem.get(*task_key(task_id), consistent_read=True).task()
        except DoesNotExist:
            return None

    def tasks(
        self, kind: TaskKind, state: TaskState, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Task], str | None]:
        """Return a page, oldest first: one Query of the index, which has the whole items."""
        group = task_group(kind, state)
        items = TaskItem.tasks_by_state.query(
            group,
            limit=limit + 1,
            last_evaluated_key=_start(group, cursor) if cursor is not None else None,
        )
        found = [item for item in items if isinstance(item, TaskItem)]
        page = found[:limit]
        following = pages.encode_cursor(page[-1].task_order) if len(found) > limit else None
        return [item.task() for item in page], following

    def store_token(self, task_id: str, token: str, at: datetime) -> None:
        TaskTokenItem(*token_key(task_id), token=token, stored_at=at).save()

    def token(self, task_id: str) -> str | None:
        try:
            return TaskTokenItem.get(*token_key(task_id), consistent_read=True).token
        except DoesNotExist:
            return None


def _start(group: str, cursor: str) -> dict[str, dict[str, str]]:
    position = pages.decode_cursor(cursor)
    _, separator, task_id = position.partition("#")
    if not separator:
        raise CursorInvalid
    pk, sk = task_key(task_id)
    return {
        "task_group": {"S": group},
        "task_order": {"S": position},
        "pk": {"S": pk},
        "sk": {"S": sk},
    }
