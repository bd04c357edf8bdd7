"""The fake store refuses what DynamoDB would."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeMemberStore
from tests.support.store_contract import MemberStoreContract


class TestFakeMemberStore(MemberStoreContract):
    @pytest.fixture
    def store(self) -> FakeMemberStore:
        return FakeMemberStore()
