"""Returns in: once, in any order, also before their order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.domain.errors import (
    FutureDate,
    ReturnConflict,
    ReturnExceedsOrder,
    TooManyReturnsWaiting,
)
from loyalty.domain.orders import OrderKey
from loyalty.domain.returns import MAX_WAITING
from tests.support.examples import NOW, an_order
from tests.support.shop import Shop, customer, money_back

KEY = OrderKey("pos", "O-1")


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_takes_back_points_and_spend_once(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(amount_minor=10_000), customer(ada))
    first = shop.take_back(money_back(4_000))
    later = money_back(4_000, at=NOW + timedelta(minutes=1))
    again = shop.take_back(later)
    assert first.answer == again.answer == {"points_reversed": 4, "points_available": 0}
    assert (first.created, again.created) == (True, False)
    assert shop.member(ada).account.points_pending == 6
    assert shop.member(ada).lifetime_spend_minor == 6_000
    shop.require_sound_books()


def test_another_content_under_the_same_id_is_a_conflict(shop: Shop) -> None:
    shop.sell(an_order(), customer(card="4711"))
    shop.take_back(money_back(4_000))
    with pytest.raises(ReturnConflict):
        shop.take_back(money_back(4_001))


def test_beyond_the_order_is_refused_and_changes_nothing(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(amount_minor=10_000), customer(ada))
    shop.take_back(money_back(9_999, "R-1"))
    before = shop.member(ada)
    with pytest.raises(ReturnExceedsOrder):
        shop.take_back(money_back(2, "R-2"))
    assert shop.member(ada) == before
    assert shop.take_back(money_back(1, "R-3")).created
    assert shop.member(ada).lifetime_spend_minor == 0


def test_the_future_is_refused(shop: Shop) -> None:
    with pytest.raises(FutureDate):
        shop.take_back(money_back(1, at=NOW + timedelta(minutes=6)))


def test_a_return_waits_for_its_order(shop: Shop) -> None:
    ada = shop.a_member()
    waits = shop.take_back(money_back(4_000, "R-1"))
    again = shop.take_back(money_back(4_000, "R-1"))
    shop.take_back(money_back(6_000, "R-2"))
    assert waits.waiting
    assert (waits.created, again.created) == (True, False)
    assert waits.answer == {"points_reversed": 0, "points_available": None, "waiting": True}

    sold = shop.sell(an_order(amount_minor=10_000), customer(ada))
    assert sold.answer["points_earned"] == 10
    assert sold.answer["points_pending"] == 0
    assert shop.member(ada).lifetime_spend_minor == 0
    counted = shop.take_back(money_back(4_000, "R-1"))
    assert (counted.waiting, counted.created) == (False, False)
    assert counted.answer == {"points_reversed": 4, "points_available": 0}
    assert shop.store.order_returns[KEY].waiting == ()
    shop.require_sound_books()


def test_a_waiting_return_that_turns_out_too_large_is_refused(shop: Shop) -> None:
    shop.take_back(money_back(10_001, "R-1"))
    shop.sell(an_order(amount_minor=10_000), customer(card="4711"))
    (ada,) = shop.store.members.values()
    assert ada.lifetime_spend_minor == 10_000
    with pytest.raises(ReturnExceedsOrder):
        shop.take_back(money_back(10_001, "R-1"))


def test_another_return_of_the_same_id_does_not_wait_too(shop: Shop) -> None:
    shop.take_back(money_back(4_000))
    with pytest.raises(ReturnConflict):
        shop.take_back(money_back(5_000))


def test_only_so_many_returns_wait_and_all_of_them_count(shop: Shop) -> None:
    for number in range(MAX_WAITING):
        shop.take_back(money_back(1, f"R-{number}"))
    with pytest.raises(TooManyReturnsWaiting):
        shop.take_back(money_back(1, "one more"))
    shop.sell(an_order(amount_minor=10_000), customer(card="4711"))
    (ada,) = shop.store.members.values()
    assert ada.lifetime_spend_minor == 10_000 - MAX_WAITING
    assert shop.take_back(money_back(1, "one more")).created


def test_a_return_and_its_order_may_race(shop: Shop) -> None:
    ada = shop.a_member()
    shop.store.meanwhile = lambda: shop.take_back(money_back(4_000))
    shop.sell(an_order(amount_minor=10_000), customer(ada))
    assert shop.member(ada).lifetime_spend_minor == 6_000


def test_an_order_and_its_return_may_race(shop: Shop) -> None:
    ada = shop.a_member()
    shop.store.meanwhile = lambda: shop.sell(an_order(amount_minor=10_000), customer(ada))
    outcome = shop.take_back(money_back(4_000))
    assert not outcome.waiting
    assert shop.member(ada).lifetime_spend_minor == 6_000


def test_two_returns_may_race(shop: Shop) -> None:
    shop.sell(an_order(amount_minor=10_000), customer())
    shop.store.meanwhile = lambda: shop.take_back(money_back(6_000, "R-2"))
    with pytest.raises(ReturnExceedsOrder):
        shop.take_back(money_back(6_000, "R-1"))
    assert shop.store.order_returns[KEY].unassigned_minor == 6_000


def test_goods_of_nobodys_order_can_come_back(shop: Shop) -> None:
    shop.sell(an_order(), customer())
    answer = shop.take_back(money_back(4_000)).answer
    assert answer == {"points_reversed": 0, "points_available": 0}
    assert shop.store.order_returns[KEY].eligible_minor == 4_000


@pytest.mark.parametrize("waits", [False, True])
def test_requests(shop: Shop, waits: bool) -> None:
    if not waits:
        shop.sell(an_order(), customer(shop.a_member()))
    before = shop.store.requests
    shop.take_back(money_back(1))
    counted = shop.store.requests
    shop.take_back(money_back(1))
    assert (counted - before, shop.store.requests - counted) == ((2, 1) if waits else (3, 1))
