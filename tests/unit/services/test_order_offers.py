"""Offers that orders name: used once, refused in silence, taken back with the goods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from loyalty.domain.month_uses import MonthUses
from loyalty.domain.offer_errors import OfferUseNotFound
from loyalty.services import retrying
from tests.support.offer_shop import OfferShop, an_offer


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "sleep", lambda _: None)


@pytest.fixture
def shop() -> OfferShop:
    return OfferShop(
        an_offer(), an_offer("bonus", kind="points", percent=None, points=50, budget_uses=1)
    )


@pytest.fixture
def ada(shop: OfferShop) -> str:
    return shop.a_member("ada")


def test_an_order_uses_each_of_its_offers_once(shop: OfferShop, ada: str) -> None:
    used = {"coffee": "used", "bonus": "used"}
    assert shop.order_accepted(ada, "coffee", "bonus") == used
    assert shop.order_accepted(ada, "coffee", "bonus") == used
    assert shop.uses(ada) == MonthUses("2017-03", 2, 2)
    assert shop.budget_taken("bonus") == 1
    assert shop.member(ada).account.points_pending == 50
    assert shop.order_accepted(ada, "coffee", order_id="O-2") == {"coffee": "used"}
    assert shop.uses(ada) == MonthUses("2017-03", 3, 3)


def test_a_refusal_is_kept_once_and_never_tried_again(shop: OfferShop, ada: str) -> None:
    bob = shop.a_member("bob")
    shop.order_accepted(bob, "bonus", order_id="O-2")
    refused = {"bonus": "offer_used_up", "none": "offer_not_found"}
    assert shop.order_accepted(ada, "bonus", "none") == refused
    shop.offers.add(an_offer("none"))
    shop.offers.catalogue["bonus"] = an_offer("bonus")
    assert shop.order_accepted(ada, "bonus", "none") == refused
    assert shop.facts(ada)[-2:] == ["OfferUseRefused", "OfferUseRefused"]
    kept = shop.store.history[ada, shop.member(ada).version, 0]
    assert kept.data == {
        "offer_id": "none",
        "use_id": "order/pos/O-1",
        "order_id": "O-1",
        "reason": "offer_not_found",
    }
    assert shop.uses(ada) == MonthUses("2017-03")
    assert shop.order_came_back(ada, "bonus") == {"bonus": "offer_used_up"}


def test_who_is_not_in_elite_uses_nothing(shop: OfferShop, ada: str) -> None:
    shop.store.members[ada] = replace(shop.member(ada), status="prospect")
    assert shop.order_accepted(ada, "coffee") == {"coffee": "offer_not_for_member"}
    shop.store.members[ada] = replace(shop.member(ada), status="left")
    assert shop.order_accepted(ada, "coffee", order_id="O-2") == {"coffee": "member_not_found"}


def test_what_the_till_has_counted_is_not_used_again(shop: OfferShop, ada: str) -> None:
    shop.use(ada, "U-1", order_id="O-1")
    assert shop.order_accepted(ada, "coffee") == {"coffee": "counted_by_till"}
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    shop.reverse("U-1")
    assert shop.order_accepted(ada, "coffee") == {"coffee": "counted_by_till"}
    assert shop.uses(ada) == MonthUses("2017-03")


def test_what_the_order_has_counted_a_till_does_not_count_again(shop: OfferShop, ada: str) -> None:
    shop.order_accepted(ada, "bonus")
    told, is_new = shop.use(ada, "U-1", "bonus", order_id="O-1")
    assert (is_new, told.points, told.uses) == (False, 0, 1)
    assert shop.use(ada, "U-1", "bonus", order_id="O-1") == (told, False)
    assert (shop.uses(ada), shop.budget_taken("bonus")) == (MonthUses("2017-03", 1, 1), 1)
    assert shop.member(ada).account.points_pending == 50
    first = shop.reverse("U-1", "bonus")
    assert (first.use_id, first.points) == ("U-1", 50)
    assert shop.reverse("U-1", "bonus") == first
    assert (shop.uses(ada), shop.budget_taken("bonus")) == (MonthUses("2017-03"), 0)
    shop.require_sound_books()


# The last second of March in Berlin, and the first one of April.
MARCH_ENDS = datetime(2017, 3, 31, 21, 59, 59, tzinfo=UTC)
APRIL_BEGINS = MARCH_ENDS + timedelta(seconds=1)


def both_ways(shop: OfferShop, till: Callable[[], object], order: Callable[[], object]) -> None:
    """Let a till and its order tell of the same use of the year's offer, and the till repeat it."""
    year = an_offer("year", kind="points", percent=None, points=50, budget_uses=5)
    shop.offers.add(replace(year, expires_at=APRIL_BEGINS + timedelta(days=1)))
    shop.clock.at = APRIL_BEGINS + timedelta(hours=1)
    till()
    order()
    till()


@pytest.mark.parametrize("till_first", [True, False])
@pytest.mark.parametrize("till_at", [MARCH_ENDS, APRIL_BEGINS])
def test_till_and_order_count_once_though_a_month_ends_between_them(
    shop: OfferShop, ada: str, till_at: datetime, till_first: bool
) -> None:
    order_at = APRIL_BEGINS if till_at == MARCH_ENDS else MARCH_ENDS
    ways = [
        lambda: shop.use(ada, "U-1", "year", order_id="O-1", at=till_at),
        lambda: shop.order_accepted(ada, "year", at=order_at),
    ]
    both_ways(shop, *(ways if till_first else ways[::-1]))
    assert (shop.budget_taken("year"), shop.member(ada).account.points_pending) == (1, 50)
    assert shop.uses(ada).offers + shop.uses(ada, "2017-04").offers == 1


@pytest.mark.parametrize("till_first", [True, False])
def test_till_and_order_count_once_though_a_merge_falls_between_them(
    shop: OfferShop, ada: str, till_first: bool
) -> None:
    bob = shop.a_member("bob")
    if till_first:
        shop.use(bob, "U-1", order_id="O-1")
        shop.merge(ada, bob)
        assert shop.order_accepted(bob, "coffee") == {"coffee": "counted_by_till"}
    else:
        shop.order_accepted(bob, "coffee")
        shop.merge(ada, bob)
        assert not shop.use(bob, "U-1", order_id="O-1")[1]
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    assert shop.order_came_back(bob, "coffee") == {"coffee": "reversed"}
    assert shop.uses(ada) == MonthUses("2017-03")


def test_orders_of_two_sources_are_two_though_they_have_one_number(
    shop: OfferShop, ada: str
) -> None:
    for source in ("pos", "shop"):
        assert shop.order_accepted(ada, "coffee", source=source) == {"coffee": "used"}
    assert shop.uses(ada) == MonthUses("2017-03", 2, 2)
    shop.order_came_back(ada, "coffee", source="pos")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    assert not shop.use(ada, "U-1", order_id="O-1")[1]
    shop.reverse("U-1")
    assert shop.uses(ada) == MonthUses("2017-03"), "the till's use was that of the order left"


def test_an_order_that_comes_back_as_a_whole_gives_its_uses_back(shop: OfferShop, ada: str) -> None:
    shop.order_accepted(ada, "bonus")
    for _ in range(2):
        assert shop.order_came_back(ada, "bonus") == {"bonus": "reversed"}
        assert (shop.uses(ada), shop.budget_taken("bonus")) == (MonthUses("2017-03"), 0)
    assert shop.order_accepted(ada, "bonus") == {"bonus": "reversed"}
    assert shop.uses(ada) == MonthUses("2017-03")
    shop.require_sound_books()


def test_a_return_that_is_heard_of_before_its_order_wins(shop: OfferShop, ada: str) -> None:
    assert shop.order_came_back(ada, "coffee") == {"coffee": "reversed"}
    assert shop.order_accepted(ada, "coffee") == {"coffee": "reversed"}
    assert not shop.use(ada, "U-1", order_id="O-1")[1]
    assert shop.uses(ada) == MonthUses("2017-03")
    assert shop.reverse("U-1").points == 0
    assert shop.uses(ada) == MonthUses("2017-03")


@pytest.mark.parametrize("when", ["before the order", "after the order"])
def test_what_tills_have_counted_comes_back_with_the_order(
    shop: OfferShop, ada: str, when: str
) -> None:
    shop.offers.catalogue["bonus"] = replace(shop.offers.catalogue["bonus"], budget_uses=5)
    shop.use(ada, "U-1", "bonus", order_id="O-1")
    shop.use(ada, "U-2", "bonus", order_id="O-1")
    if when == "after the order":
        shop.order_accepted(ada, "bonus")
    for _ in range(2):
        assert shop.order_came_back(ada, "bonus") == {"bonus": "reversed"}
        assert (shop.uses(ada), shop.budget_taken("bonus")) == (MonthUses("2017-03"), 0)
    assert shop.order_accepted(ada, "bonus") == {"bonus": "counted_by_till"}
    assert shop.member(ada).account.points_pending == 0
    shop.require_sound_books()


ORDERS_OF_EVENTS = [
    order for size in (2, 3, 4) for order in permutations(("till", "order", "return", "back"), size)
]


@pytest.mark.parametrize("events", ORDERS_OF_EVENTS, ids=" ".join)
def test_in_whatever_order_it_is_told_of_it_ends_the_same(
    shop: OfferShop, ada: str, events: tuple[str, ...]
) -> None:
    """A till's use, the order, the return of its goods, the till taking its use back."""
    acts: dict[str, Callable[[], object]] = {
        "till": lambda: shop.use(ada, "U-1", "bonus", order_id="O-1"),
        "order": lambda: shop.order_accepted(ada, "bonus"),
        "return": lambda: shop.order_came_back(ada, "bonus"),
        "back": lambda: shop.reverse("U-1", "bonus"),
    }
    for event in events:
        if event == "back" and ("bonus", "U-1") not in shop.offers.uses:
            with pytest.raises(OfferUseNotFound):
                acts[event]()
            acts["till"]()
        acts[event]()
    left = 0 if {"return", "back"} & {*events} else 1
    assert (shop.uses(ada), shop.budget_taken("bonus")) == (MonthUses("2017-03", left, left), left)
    account = shop.member(ada).account
    assert (account.points_pending, account.owed) == (50 * left, 0)
    shop.require_sound_books()


def test_order_and_till_at_once(shop: OfferShop, ada: str) -> None:
    shop.store.meanwhile = lambda: shop.order_accepted(ada, "coffee")
    assert not shop.use(ada, "U-1", order_id="O-1")[1]
    shop.store.meanwhile = lambda: shop.use(ada, "U-2", order_id="O-2")
    assert shop.order_accepted(ada, "coffee", order_id="O-2") == {"coffee": "counted_by_till"}
    shop.store.meanwhile = lambda: shop.use(ada, "U-3", order_id="O-3")
    assert shop.order_came_back(ada, "coffee", order_id="O-3") == {"coffee": "reversed"}
    assert shop.uses(ada) == MonthUses("2017-03", 2, 2)


def test_order_and_return_at_once(shop: OfferShop, ada: str) -> None:
    shop.store.meanwhile = lambda: shop.order_accepted(ada, "coffee")
    assert shop.order_came_back(ada, "coffee") == {"coffee": "reversed"}
    shop.store.meanwhile = lambda: shop.order_came_back(ada, "coffee", order_id="O-2")
    assert shop.order_accepted(ada, "coffee", order_id="O-2") == {"coffee": "reversed"}
    assert shop.uses(ada) == MonthUses("2017-03")


@pytest.mark.parametrize("by_till", [True, False])
def test_goods_come_back_also_from_who_left(shop: OfferShop, ada: str, *, by_till: bool) -> None:
    """Bob's till or order used the offer before he was merged into Ada, who left then."""
    bob = shop.a_member("bob")
    if by_till:
        shop.use(bob, "U-1", "bonus", order_id="O-1")
    shop.order_accepted(bob, "bonus")
    shop.merge(ada, bob)
    shop.store.members[ada] = replace(shop.member(ada), status="left")
    assert shop.order_came_back(bob, "bonus") == {"bonus": "reversed"}
    assert shop.member(ada).account.points_pending == 0
    shop.require_sound_books()


def test_nothing_comes_back_from_who_was_erased_or_never_was(shop: OfferShop, ada: str) -> None:
    shop.order_accepted(ada, "coffee")
    shop.store.members[ada] = replace(shop.member(ada), status="erased")
    assert shop.order_came_back(ada, "coffee") == {"coffee": "member_not_found"}
    assert shop.order_came_back("nobody", "bonus") == {"bonus": "member_not_found"}


def test_goods_come_back_from_whom_their_offer_was_counted_for(shop: OfferShop, ada: str) -> None:
    """Bob's order is heard of while he is merged into Ada, and comes back when they are two."""
    bob = shop.a_member("bob")
    shop.merge(ada, bob)
    shop.order_accepted(bob, "bonus")
    shop.undo_merge(ada)
    assert shop.order_came_back(bob, "bonus") == {"bonus": "reversed"}
    for member_id in (ada, bob):
        assert shop.uses(member_id) == MonthUses("2017-03")
        assert shop.member(member_id).account.points_pending == 0
        assert shop.member(member_id).account.owed == 0
    shop.require_sound_books()
