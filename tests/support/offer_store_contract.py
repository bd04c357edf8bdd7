"""What every `OfferStore` does; the fake and DynamoDB are held to it alike.

Subclass `OfferStoreContract` and give it fixtures `store`, a `MemberStore` with the customer ada,
and `offers`, both empty otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypedDict

import pytest

from loyalty.domain.ledger import PendingPoints
from loyalty.domain.offer_uses import OfferUse, UseCounts
from loyalty.domain.offers import Offer
from loyalty.services.offer_ports import OfferContext, OfferStore, OfferUseChange
from loyalty.services.ports import ChangeRefused, MemberChange, MemberStore
from tests.support.examples import NOW
from tests.support.store_contract import member

COFFEE = Offer(
    offer_id="coffee",
    revision=1,
    name="Coffee",
    kind="percent",
    valid_from=NOW,
    expires_at=NOW + timedelta(days=5),
    percent=10,
    categories=("drinks",),
    tiers=("gold",),
    segments=("top", "new"),
    stores=("S1",),
    budget_uses=2,
    per_member_limit=1,
)
USED = OfferUse(
    offer_id="coffee",
    use_id="U-1",
    member_id="ada",
    occurred_at=NOW,
    recorded_at=NOW,
    month="2017-03",
    order_id="O-1",
    store_id="S1",
    earned=PendingPoints(NOW, NOW + timedelta(days=400), 50),
    takes_budget=True,
    answer={"points": 50},
)
REVERSED = replace(USED, state="reversed", reversal_answer={"points": 50})
ONE = UseCounts(1, 1)


class _Budget(TypedDict):
    budget: int
    offer_revision: int


TAKEN: _Budget = {"budget": 1, "offer_revision": 1}
PUT_BACK: _Budget = {"budget": -1, "offer_revision": 1}


def write(store: MemberStore, change: OfferUseChange) -> None:
    """Write a use alone."""
    store.commit(MemberChange(None, offer_use=change))


def read(offers: OfferStore, member_id: str = "ada", order_id: str = "O-1") -> OfferContext:
    return offers.context(member_id, "coffee", use_id="U-1", month="2017-03", order_id=order_id)


class OfferStoreContract:
    def test_all_is_read_as_it_was_written(self, store: MemberStore, offers: OfferStore) -> None:
        assert offers.add(COFFEE) is COFFEE
        assert read(offers) == OfferContext(member("ada"), COFFEE, None, UseCounts())
        write(store, OfferUseChange(USED, counted_for="ada", after=ONE))
        assert read(offers) == OfferContext(member("ada"), COFFEE, USED, ONE)
        assert read(offers, order_id="O-2").counts == UseCounts(1, 0)
        assert offers.context("ada", "coffee") == OfferContext(
            member("ada"), COFFEE, None, UseCounts(1, 0)
        )
        assert read(offers, "bob") == OfferContext(None, COFFEE, USED, UseCounts())
        assert offers.use("coffee", "U-1") == USED
        assert offers.use("tea", "U-1") is None
        assert offers.context("ada", "tea", use_id="U-1") == OfferContext(
            member("ada"), None, None, UseCounts()
        )

    def test_a_use_is_written_once_and_reversed_once(
        self, store: MemberStore, offers: OfferStore
    ) -> None:
        write(store, OfferUseChange(USED))
        with pytest.raises(ChangeRefused):
            write(store, OfferUseChange(USED))
        write(store, OfferUseChange(REVERSED, state_before="used"))
        assert offers.use("coffee", "U-1") == REVERSED
        with pytest.raises(ChangeRefused):
            write(store, OfferUseChange(REVERSED, state_before="used"))
        with pytest.raises(ChangeRefused):
            write(store, OfferUseChange(replace(REVERSED, use_id="U-2"), state_before="used"))
        write(store, OfferUseChange(replace(USED, offer_id="tea")))

    def test_counts_must_be_those_that_were_read(
        self, store: MemberStore, offers: OfferStore
    ) -> None:
        write(store, OfferUseChange(USED, counted_for="ada", after=ONE))
        second = replace(USED, use_id="U-2")
        for stale in (UseCounts(), UseCounts(1, 0), UseCounts(0, 1)):
            change = OfferUseChange(second, None, "ada", stale, UseCounts(2, 2))
            with pytest.raises(ChangeRefused):
                write(store, change)
        write(store, OfferUseChange(second, None, "ada", ONE, UseCounts(2, 2)))
        assert read(offers).counts == UseCounts(2, 2)
        back = OfferUseChange(REVERSED, "used", "ada", UseCounts(2, 2), UseCounts())
        write(store, back)
        assert read(offers).counts == UseCounts()
        write(store, OfferUseChange(replace(USED, use_id="U-3"), counted_for="ada", after=ONE))
        assert read(offers).counts == ONE

    def test_a_use_without_an_order_counts_in_all_only(
        self, store: MemberStore, offers: OfferStore
    ) -> None:
        alone = replace(USED, order_id=None)
        write(store, OfferUseChange(alone, counted_for="ada", after=ONE))
        assert read(offers).counts == UseCounts(1, 0)

    def test_no_more_uses_than_the_budget(self, store: MemberStore, offers: OfferStore) -> None:
        offers.add(COFFEE)
        for number in (1, 2):
            write(store, OfferUseChange(replace(USED, use_id=f"U-{number}"), **TAKEN))
        with pytest.raises(ChangeRefused):
            write(store, OfferUseChange(replace(USED, use_id="U-3"), **TAKEN))
        assert offers.use("coffee", "U-3") is None
        write(store, OfferUseChange(REVERSED, state_before="used", **PUT_BACK))
        assert offers.offer("coffee") == replace(COFFEE, uses=1)
        write(store, OfferUseChange(replace(USED, use_id="U-3"), **TAKEN))

    def test_nobody_uses_by_rules_that_have_changed(
        self, store: MemberStore, offers: OfferStore
    ) -> None:
        offers.add(COFFEE)
        offers.change(replace(COFFEE, revision=2, budget_uses=9))
        with pytest.raises(ChangeRefused):
            write(store, OfferUseChange(USED, **TAKEN))

    def test_staff_change_all_but_the_uses(self, store: MemberStore, offers: OfferStore) -> None:
        offers.add(COFFEE)
        write(store, OfferUseChange(USED, **TAKEN))
        changed = replace(
            COFFEE, revision=2, name="Tea", budget_uses=None, per_member_limit=None, retired_at=NOW
        )
        offers.change(changed)
        assert offers.offer("coffee") == replace(changed, uses=1)
        with pytest.raises(ChangeRefused):
            offers.change(replace(changed, name="Milk"))
        assert offers.add(replace(COFFEE, name="Cocoa")) == replace(changed, uses=1)

    def test_the_catalogue_is_paged_by_id(self, offers: OfferStore) -> None:
        assert offers.offers(limit=2) == ([], None)
        for name in ("c", "a", "b"):
            offers.add(replace(COFFEE, offer_id=name))
        page, cursor = offers.offers(limit=2)
        assert [offer.offer_id for offer in page] == ["a", "b"]
        rest, end = offers.offers(limit=2, cursor=cursor)
        assert ([offer.offer_id for offer in rest], end) == (["c"], None)
