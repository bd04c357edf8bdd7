"""Tasks in ProgramTable, on moto."""

from __future__ import annotations

import pytest

from loyalty.adapters.dynamodb import pages
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.task_store import DynamoTaskStore
from loyalty.domain.errors import CursorInvalid
from tests.support.task_store_contract import TaskStoreContract


@pytest.fixture
def tasks(tables: Tables) -> DynamoTaskStore:
    return DynamoTaskStore()


class TestTasks(TaskStoreContract):
    @pytest.mark.parametrize("cursor", ["%%%", pages.encode_cursor("2017-03-01")])
    def test_a_made_up_cursor_is_refused(self, tasks: DynamoTaskStore, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            tasks.tasks("merge", "open", limit=2, cursor=cursor)
