"""Offers that orders name: used once, refused in silence, taken back with the goods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.domain.month_uses import MonthUses
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
    assert shop.uses(ada) == MonthUses("2017-03")


def test_order_and_return_at_once(shop: OfferShop, ada: str) -> None:
    shop.store.meanwhile = lambda: shop.order_accepted(ada, "coffee")
    assert shop.order_came_back(ada, "coffee") == {"coffee": "reversed"}
    shop.store.meanwhile = lambda: shop.order_came_back(ada, "coffee", order_id="O-2")
    assert shop.order_accepted(ada, "coffee", order_id="O-2") == {"coffee": "reversed"}
    assert shop.uses(ada) == MonthUses("2017-03")


def test_a_member_who_left_keeps_what_was_used(shop: OfferShop, ada: str) -> None:
    shop.order_accepted(ada, "coffee")
    shop.store.members[ada] = replace(shop.member(ada), status="left")
    assert shop.order_came_back(ada, "coffee") == {"coffee": "member_not_found"}
