"""A quote is what the order would do, and does nothing."""

from __future__ import annotations

from copy import deepcopy

import pytest

from loyalty.contracts.orders import QuoteAnswer
from loyalty.domain.errors import MemberNotFound
from loyalty.services.quote_points import quote_points
from tests.support.examples import an_order
from tests.support.shop import Shop, customer


@pytest.fixture
def shop() -> Shop:
    return Shop()


def quote(
    shop: Shop, amount_minor: int, member_id: str | None = None, card: str = "1"
) -> QuoteAnswer:
    who = customer(member_id) if member_id else customer(card=card)
    order = an_order("Q", amount_minor)
    return quote_points(order, who, store=shop.store, program=shop.program, clock=shop.clock)


def test_tells_what_the_order_will_earn_and_changes_nothing(shop: Shop) -> None:
    ada = shop.a_member()
    before = deepcopy(vars(shop.store))
    quoted = quote(shop, 50_000, ada)
    assert (quoted.points, quoted.eligible.amount_minor) == (50, 50_000)
    assert quoted.threshold_crossed
    assert vars(shop.store) == {**before, "requests": before["requests"] + 1}
    sold = shop.sell(an_order("Q", 50_000), customer(ada)).answer
    assert (sold["points_earned"], sold["threshold_crossed"]) == (50, True)


def test_who_is_no_member_earns_nothing(shop: Shop) -> None:
    shop.sell(an_order("O-1"), customer(card="2"))
    assert quote(shop, 5_000, card="1").points == 0
    assert quote(shop, 5_000, card="2").points == 0


def test_a_named_member_must_exist(shop: Shop) -> None:
    with pytest.raises(MemberNotFound):
        quote(shop, 5_000, "nobody")
