"""Offers and their uses in DynamoDB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.adapters.catalogue import CachedOffers
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.offer_store import DynamoOfferStore
from loyalty.adapters.dynamodb.tables import Tables
from tests.support.examples import NOW
from tests.support.offer_store_contract import COFFEE, OfferStoreContract
from tests.support.store_contract import new_member


@pytest.fixture
def store(tables: Tables) -> DynamoMemberStore:
    store = DynamoMemberStore(tables, lambda: b"")
    store.commit(new_member("ada"))
    return store


@pytest.fixture
def offers(tables: Tables) -> DynamoOfferStore:
    return DynamoOfferStore(tables)


class TestDynamoOfferStore(OfferStoreContract):
    pass


def test_the_catalogue_is_kept_for_a_while_with_what_is_retired(
    offers: DynamoOfferStore,
) -> None:
    names = [f"offer-{number:03}" for number in range(100)]
    for name in names:
        offers.add(replace(COFFEE, offer_id=name))
    offers.add(replace(COFFEE, offer_id="old", retired_at=NOW))
    kept = CachedOffers(offers, cache_seconds=60)
    fresh = CachedOffers(offers, cache_seconds=0)
    assert [offer.offer_id for offer in kept.offers()] == [*names, "old"]
    offers.add(replace(COFFEE, offer_id="new"))
    assert len(kept.offers()) == 101
    assert len(fresh.offers()) == 102
