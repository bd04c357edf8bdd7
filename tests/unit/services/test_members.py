"""What the API shows of a customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.domain.errors import (
    MemberNotFound,
)
from loyalty.services import members
from tests.support.examples import NOW, an_order
from tests.support.journey_fakes import FakeCatalogue
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    return Shop()


def ports(shop: Shop) -> dict[str, Any]:
    """Return what profiles and look-ups need; nothing can be had for points."""
    return {
        "store": shop.store,
        "program": shop.program,
        "catalogue": FakeCatalogue(),
        "clock": shop.clock,
    }


def test_a_profile_costs_one_request(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(), customer(ada))
    before = shop.store.requests
    view = members.profile(ada, **ports(shop))
    assert shop.store.requests - before == 1
    assert (view.enrolled, view.points_pending, view.tier) == (True, 10, "member")
    assert view.lifetime_spend.currency == "EUR"


def test_nobody_has_no_profile_and_no_pages(shop: Shop) -> None:
    with pytest.raises(MemberNotFound):
        members.profile("nobody", **ports(shop))
    for page in (members.ledger, members.orders, members.journey):
        with pytest.raises(MemberNotFound):
            page("nobody", limit=10, cursor=None, store=shop.store)


def test_is_looked_up_by_the_strongest_known_identity(shop: Shop) -> None:
    ada = shop.a_member(card="4711")
    shop.enrol(customer(email="bob@example.org"))
    for who in (customer(card="4711", email="bob@example.org"), customer(card="4711")):
        found = members.look_up(who, **ports(shop))
        assert found.member_id == ada
    with pytest.raises(MemberNotFound):
        members.look_up(
            customer(phone="+491701234567"),
            **ports(shop),
        )


def test_pages_are_newest_first(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1", occurred_at=NOW), customer(ada))
    shop.sell(an_order("O-2", occurred_at=NOW + timedelta(minutes=1)), customer(ada))
    shop.take_back(money_back(10_000), order_id="O-2")
    page = members.ledger(ada, limit=2, cursor=None, store=shop.store)
    assert [(item.kind, item.points) for item in page.items] == [
        ("reversal", -10),
        ("accrual", 10),
    ]
    rest = members.ledger(ada, limit=2, cursor=page.next_cursor, store=shop.store)
    assert [item.points for item in rest.items] == [10]
    assert rest.next_cursor is None
    orders = members.orders(ada, limit=10, cursor=None, store=shop.store)
    assert [order.order_id for order in orders.items] == ["O-2", "O-1"]
    steps = members.journey(ada, limit=10, cursor=None, store=shop.store)
    assert [step.event for step in steps.items] == ["MemberEnrolled"]
