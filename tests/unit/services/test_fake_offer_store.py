"""The fake offer store does what the real one does."""

from __future__ import annotations

import pytest

from tests.support.fakes import FakeMemberStore
from tests.support.offer_fakes import FakeOfferStore
from tests.support.offer_store_contract import OfferStoreContract
from tests.support.store_contract import new_member


@pytest.fixture
def store() -> FakeMemberStore:
    store = FakeMemberStore()
    store.commit(new_member("ada"))
    return store


@pytest.fixture
def offers(store: FakeMemberStore) -> FakeOfferStore:
    return store.offers


class TestFakeOfferStore(OfferStoreContract):
    pass
