"""What is left of a lot is booked out when its time has come, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.domain.ledger import Lot, spendable
from loyalty.services.expire_points import expire
from loyalty.services.ports import Due
from loyalty.services.release_points import release
from tests.support.examples import NOW, an_order
from tests.support.shop import Shop, customer, money_back

# The order's month and twelve more, in Berlin.
LOT_EXPIRY = datetime(2018, 3, 31, 22, tzinfo=UTC)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def ada(shop: Shop) -> str:
    """A member with 10 points in a lot."""
    member_id = shop.a_member()
    shop.sell(an_order(), customer(member_id))
    (due,) = shop.due()
    shop.clock.at = due.due_at
    release(due, store=shop.store, clock=shop.clock)
    return member_id


def test_a_lot_is_due_from_the_moment_it_is_opened(shop: Shop, ada: str) -> None:
    assert shop.due("expiry") == [Due("expiry", LOT_EXPIRY, ada)]


def test_what_is_left_is_booked_out_once(shop: Shop, ada: str) -> None:
    (due,) = shop.due("expiry")
    shop.clock.at = LOT_EXPIRY
    shop.store.meanwhile = lambda: expire(due, store=shop.store, clock=shop.clock)
    assert expire(due, store=shop.store, clock=shop.clock) is False
    account = shop.member(ada).account
    assert (account.lots, account.expired) == ((), (Lot(LOT_EXPIRY, 10),))
    assert [entry.kind for entry in shop.store.ledger.values()] == ["accrual", "release", "expiry"]
    assert shop.due("expiry") == []
    shop.require_sound_books()


def test_an_expiry_takes_one_read_and_one_transaction(shop: Shop, ada: str) -> None:
    (due,) = shop.due("expiry")
    shop.clock.at = LOT_EXPIRY
    shop.store.requests = 0
    assert expire(due, store=shop.store, clock=shop.clock) is True
    assert shop.store.requests == 2
    assert shop.member(ada).account.points_available == 0


def test_a_lot_that_is_spent_is_struck_off(shop: Shop, ada: str) -> None:
    shop.take_back(money_back(10_000, at=shop.clock.now()))
    (due,) = shop.due("expiry")
    shop.clock.at = LOT_EXPIRY
    assert expire(due, store=shop.store, clock=shop.clock) is False
    assert shop.due("expiry") == []
    assert shop.member(ada).account.expired == ()


def test_who_is_gone_is_struck_off(shop: Shop) -> None:
    due = Due("expiry", NOW, "nobody")
    shop.store.due_items.add(due)
    assert expire(due, store=shop.store, clock=shop.clock) is False
    assert shop.due("expiry") == []


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_return_after_the_expiry_owes_nothing(shop: Shop, ada: str, is_posted: bool) -> None:
    (due,) = shop.due("expiry")
    shop.clock.at = LOT_EXPIRY + timedelta(hours=1)
    if is_posted:
        expire(due, store=shop.store, clock=shop.clock)
    shop.take_back(money_back(5_000, at=shop.clock.now()))
    if not is_posted:
        expire(due, store=shop.store, clock=shop.clock)
    account = shop.member(ada).account
    assert (account.owed, account.balance, account.expired) == (0, 0, (Lot(LOT_EXPIRY, 5),))
    assert spendable(account, shop.clock.now()) == 0
    shop.require_sound_books()
