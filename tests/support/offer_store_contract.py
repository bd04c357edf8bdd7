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
from loyalty.domain.offer_uses import OfferUse
from loyalty.domain.offers import Offer
from loyalty.domain.use_counts import OrderUse, OrderUses, UseCounts
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
    counted_for="ada",
    counted_as="U-0",
    answer={"points": 50},
)
REVERSED = replace(USED, state="reversed", reversal_answer={"points": 50})
WITH_ORDER = OrderUses(1, (OrderUse("U-1", "2017-03"),))
ONE = UseCounts(1, 0, WITH_ORDER)


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
        write(store, OfferUseChange(USED, counts_of="ada", after=ONE))
        assert read(offers) == OfferContext(member("ada"), COFFEE, USED, ONE)
        assert read(offers, order_id="O-2").counts == UseCounts(1)
        assert offers.context("ada", "coffee") == OfferContext(
            member("ada"), COFFEE, None, UseCounts(1)
        )
        assert offers.order_uses(["bob", "ada"], "coffee", "O-1") == [WITH_ORDER]
        assert offers.order_uses(["ada"], "coffee", "O-2") == []
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
        write(store, OfferUseChange(USED, counts_of="ada", after=ONE))
        second = replace(USED, use_id="U-2")
        two = ONE.plus("U-2", "2017-03", "O-1")
        for stale in (
            UseCounts(),
            UseCounts(1),
            UseCounts(0, 0, WITH_ORDER),
            UseCounts(1, 0, OrderUses(2, WITH_ORDER.uses)),
        ):
            after = stale.plus("U-2", "2017-03", "O-1")
            with pytest.raises(ChangeRefused):
                write(store, OfferUseChange(second, None, "ada", stale, after))
        write(store, OfferUseChange(second, None, "ada", ONE, two))
        assert read(offers).counts == two
        left = two.less("U-1", "O-1").less("U-2", "O-1")
        left = replace(left, with_order=replace(left.with_order, version=3))
        write(store, OfferUseChange(REVERSED, "used", "ada", two, left))
        assert read(offers).counts == left
        write(
            store,
            OfferUseChange(
                replace(USED, use_id="U-3"), None, "ada", left, left.plus("U-3", "2017-03", "O-1")
            ),
        )
        assert read(offers).counts.in_all == 1

    def test_uses_without_an_order_are_counted_by_month(
        self, store: MemberStore, offers: OfferStore
    ) -> None:
        alone = replace(USED, order_id=None)
        one = UseCounts(1, 1)
        write(store, OfferUseChange(alone, counts_of="ada", after=one))
        assert offers.context("ada", "coffee", month="2017-03").counts == one
        assert offers.context("ada", "coffee", month="2017-04").counts == UseCounts(1)
        assert read(offers).counts == UseCounts(1)
        second = replace(alone, use_id="U-2")
        for stale in (UseCounts(1, 0), UseCounts(1, 2)):
            after = stale.plus("U-2", "2017-03", None)
            with pytest.raises(ChangeRefused):
                write(store, OfferUseChange(second, None, "ada", stale, after))
        write(store, OfferUseChange(second, None, "ada", one, UseCounts(2, 2)))
        write(
            store,
            OfferUseChange(replace(alone, state="reversed"), "used", "ada", UseCounts(2, 2), one),
        )
        assert offers.context("ada", "coffee", month="2017-03").counts == one

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
