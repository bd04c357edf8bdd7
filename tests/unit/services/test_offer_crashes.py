"""A crash between any two AWS calls around offers: a retry ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty.services.retire_offers import retire_expired_offers
from tests.support.crashes import UseCase
from tests.support.offer_shop import OfferShop, an_offer

BONUS = an_offer("bonus", kind="points", percent=None, points=50, budget_uses=5, per_member_limit=2)


def offering() -> OfferShop:
    shop = OfferShop(an_offer(), BONUS)
    shop.a_member("ada")
    return shop


def lapsed() -> OfferShop:
    shop = offering()
    ada = shop.id_of("ada")
    shop.store.members[ada] = replace(shop.member(ada), status="inactive", inactive_reason="lapsed")
    return shop


def used() -> OfferShop:
    shop = offering()
    use(shop)
    return shop


def ordered() -> OfferShop:
    shop = offering()
    order(shop)
    return shop


def told_by_a_till() -> OfferShop:
    shop = offering()
    use(shop)
    shop.use(shop.id_of("ada"), "U-2", "bonus", order_id="O-1")
    return shop


def merged() -> OfferShop:
    shop = used()
    shop.merge(shop.a_member("zoe"), shop.id_of("ada"))
    return shop


def activated() -> OfferShop:
    shop = offering()
    shop.activate(shop.id_of("ada"))
    return shop


def over() -> OfferShop:
    shop = offering()
    shop.clock.advance(timedelta(days=5))
    return shop


def use(shop: OfferShop) -> None:
    shop.use(shop.id_of("ada"), "U-1", "bonus", order_id="O-1")


def order(shop: OfferShop) -> None:
    shop.order_accepted(shop.id_of("ada"), "bonus", "coffee", "none")


def bring_back(shop: OfferShop) -> None:
    shop.order_came_back(shop.id_of("ada"), "bonus", "coffee", "none")


def everything_stored(shop: OfferShop) -> object:
    store, offers = shop.store, shop.offers
    stored = [store.members, store.ledger, store.history, store.due_items, store.merges]
    return (*stored, offers.catalogue, offers.uses, offers.counts, offers.with_orders)


def around_offers(
    name: str,
    act: Callable[[OfferShop], object],
    prepare: Callable[[], OfferShop] = offering,
    ports: tuple[str, ...] = ("store", "offers"),
) -> UseCase[Any]:
    return UseCase(name, prepare, act, everything_stored, ports)


USE_CASES = [
    around_offers("a use", use),
    around_offers("a use by who lapsed", use, lapsed),
    around_offers("a reversal", lambda shop: shop.reverse("U-1", "bonus"), used),
    around_offers("a use that the order told of", use, ordered),
    around_offers("a reversal after a merge", lambda shop: shop.reverse("U-1", "bonus"), merged),
    around_offers("the offers of an order", order),
    around_offers("the offers of an order that a till told of", order, told_by_a_till),
    around_offers("a return of what a till told of", bring_back, told_by_a_till),
    around_offers("the offers of an order that came back", bring_back, ordered),
    around_offers("a return that is heard of first", bring_back),
    around_offers("an activation", lambda shop: shop.activate(shop.id_of("ada"))),
    around_offers(
        "an activation taken back", lambda shop: shop.deactivate(shop.id_of("ada")), activated
    ),
    around_offers(
        "offers that expired",
        lambda shop: retire_expired_offers(shop.clock.now(), offers=shop.offers),
        over,
        ("offers",),
    ),
]


@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda use_case: use_case.name)
def test_a_retry_after_a_crash_ends_as_if_nothing_had_been(use_case: UseCase[Any]) -> None:
    expected, places = use_case.undisturbed()
    assert expected != use_case.state(use_case.prepare()), "it writes something"
    assert places >= 4, "it reads and writes"
    for place, state in use_case.crashed(places):
        assert state == expected, f"after a crash at place {place} of {places}"
