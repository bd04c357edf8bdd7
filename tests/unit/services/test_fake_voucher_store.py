"""The fake refuses what DynamoDB would."""

from __future__ import annotations

import pytest

from tests.support.reward_fakes import FakeVoucherStore
from tests.support.voucher_store_contract import VoucherStoreContract


class TestFakeVoucherStore(VoucherStoreContract):
    @pytest.fixture
    def vouchers(self) -> FakeVoucherStore:
        return FakeVoucherStore()
