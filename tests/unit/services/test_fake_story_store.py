"""The fake story store tells what DynamoDB's would."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeMemberStore
from tests.support.reward_fakes import FakeVoucherStore
from tests.support.story_contract import StoryStoreContract
from tests.support.story_fakes import FakeStoryStore


class TestFakeStoryStore(StoryStoreContract):
    @pytest.fixture
    def store(self) -> FakeMemberStore:
        return FakeMemberStore()

    @pytest.fixture
    def vouchers(self) -> FakeVoucherStore:
        return FakeVoucherStore()

    @pytest.fixture
    def story(self, store: FakeMemberStore, vouchers: FakeVoucherStore) -> FakeStoryStore:
        return FakeStoryStore(store, vouchers)
