"""The bonus of an offer that a held order names waits, and goes, with the order's points."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.month_uses import MonthUses
from loyalty.domain.orders import OrderKey
from loyalty.domain.tasks import Decision
from loyalty.services import retrying
from tests.support.examples import an_order
from tests.support.offer_shop import OPEN, OfferShop, an_offer
from tests.support.shop import customer, money_back

BONUS = an_offer("bonus", kind="points", percent=None, points=50)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "sleep", lambda _: None)


@pytest.fixture
def shop() -> OfferShop:
    """Ada has earned 10 points today, which is as often as the program allows."""
    shop = OfferShop(BONUS, an_offer(), definition=replace(OPEN, earns_per_card_and_day=1))
    shop.a_member("ada")
    buy(shop, "O-1")
    return shop


def buy(shop: OfferShop, order_id: str) -> None:
    shop.sell(an_order(order_id), customer(card="ada"))


def hear_of(shop: OfferShop, *offer_ids: str, order_id: str = "O-2") -> dict[str, str]:
    order = shop.store.accepted_orders[OrderKey("pos", order_id)]
    return shop.order_accepted(
        str(order.member_id), *(offer_ids or ("bonus",)), order_id=order_id, held=order.held
    )


def points(shop: OfferShop, card: str = "ada") -> tuple[int, int]:
    account = shop.member(shop.id_of(card)).account
    return account.points_available, account.points_pending


def after_the_return_window(shop: OfferShop) -> None:
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()


def test_it_waits_until_staff_has_decided(shop: OfferShop) -> None:
    buy(shop, "O-2")
    hear_of(shop)
    after_the_return_window(shop)
    assert points(shop) == (10, 60)
    shop.decide_hold("approved")
    assert points(shop) == (70, 0)
    shop.require_sound_books()


@pytest.mark.parametrize("heard_first", [True, False])
@pytest.mark.parametrize(("decision", "left"), [("approved", 70), ("rejected", 10)])
def test_it_goes_with_the_order_s_points_whichever_is_first(
    shop: OfferShop, decision: Decision, left: int, *, heard_first: bool
) -> None:
    buy(shop, "O-2")
    if heard_first:
        hear_of(shop)
    shop.decide_hold(decision)
    hear_of(shop)
    hear_of(shop)
    assert points(shop) == (0, left)
    after_the_return_window(shop)
    assert points(shop) == (left, 0)
    ada = shop.id_of("ada")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1), "the offer was used all the same"
    (month,) = shop.member(ada).months
    assert month.points_due == (20 if decision == "approved" else 10), "a bonus is in no totals"
    shop.require_sound_books()


@pytest.mark.parametrize("heard_first", [True, False])
def test_what_was_rejected_is_not_taken_back_again(shop: OfferShop, *, heard_first: bool) -> None:
    buy(shop, "O-2")
    if heard_first:
        hear_of(shop)
    shop.decide_hold("rejected")
    hear_of(shop)
    shop.take_back(money_back(10_000), order_id="O-2")
    assert shop.order_came_back(shop.id_of("ada"), "bonus", order_id="O-2") == {"bonus": "reversed"}
    assert shop.reverse("order/pos/O-2", "bonus").points == 0
    assert points(shop) == (0, 10)
    assert shop.member(shop.id_of("ada")).account.owed == 0
    shop.require_sound_books()


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_goods_come_back_before_staff_has_decided(shop: OfferShop, decision: Decision) -> None:
    buy(shop, "O-2")
    hear_of(shop)
    shop.order_came_back(shop.id_of("ada"), "bonus", order_id="O-2")
    assert points(shop) == (0, 20)
    shop.decide_hold(decision)
    assert points(shop) == (0, 20 if decision == "approved" else 10)
    shop.require_sound_books()


def test_a_decision_between_reading_and_writing_holds(shop: OfferShop) -> None:
    buy(shop, "O-2")
    shop.store.meanwhile = lambda: shop.decide_hold("rejected")
    hear_of(shop)
    assert points(shop) == (0, 10)


@pytest.mark.parametrize(("decision", "left"), [("approved", 70), ("rejected", 10)])
def test_an_undone_merge_gives_back_what_staff_left(
    shop: OfferShop, decision: Decision, left: int
) -> None:
    zoe = shop.a_member("zoe")
    ada = shop.id_of("ada")
    shop.adjust(zoe, 100)
    buy(shop, "O-2")
    hear_of(shop)
    shop.merge(zoe, ada)
    shop.decide_hold(decision)
    shop.undo_merge(zoe)
    assert (points(shop), points(shop, "zoe")) == ((0, left), (100, 0))
    (month,) = shop.member(ada).months
    assert month.points_due == (20 if decision == "approved" else 10)
    shop.require_sound_books()


def test_offers_without_a_bonus_and_orders_that_are_not_held_wait_for_nobody(
    shop: OfferShop,
) -> None:
    hear_of(shop, order_id="O-1")
    buy(shop, "O-2")
    assert hear_of(shop, "coffee") == {"coffee": "used"}
    after_the_return_window(shop)
    assert points(shop) == (60, 10)
