"""The fake store refuses what DynamoDB would."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeMemberStore
from tests.support.history_contract import MemberHistoryContract
from tests.support.points_store_contract import PointsStoreContract
from tests.support.store_contract import MemberStoreContract


class TestFakeMemberStore(MemberStoreContract, MemberHistoryContract, PointsStoreContract):
    @pytest.fixture
    def store(self) -> FakeMemberStore:
        return FakeMemberStore()
