"""The fake of the tests keeps the contract."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeMemberStore, FakeTaskStore
from tests.support.task_store_contract import TaskStoreContract


class TestFakeTaskStore(TaskStoreContract):
    @pytest.fixture
    def store(self) -> FakeMemberStore:
        return FakeMemberStore()

    @pytest.fixture
    def tasks(self, store: FakeMemberStore) -> FakeTaskStore:
        return FakeTaskStore(store)
