"""What a customer said, heard and crossed holds for the survivor of a merge, until it is undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.domain.journey import may_be_invited
from loyalty.domain.member import Identity
from loyalty.domain.orders import OrderKey, OrderLine
from loyalty.services.feedback import suppress_email
from tests.support.examples import NOW, an_order
from tests.support.shop import Shop, customer


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def ada(shop: Shop) -> str:
    return shop.a_member("ada")


@pytest.fixture
def bob(shop: Shop) -> str:
    return shop.a_member("bob")


def change(shop: Shop, member_id: str, **parts: Any) -> None:
    shop.store.members[member_id] = replace(shop.member(member_id), **parts)


def know(shop: Shop, member_id: str, identity: Identity) -> None:
    change(shop, member_id, identities=(*shop.member(member_id).identities, identity))
    shop.store.identity_owners[identity] = member_id


def cross(shop: Shop, member_id: str, at: datetime, *, variant: str = "B", **parts: Any) -> None:
    change(
        shop,
        member_id,
        threshold_crossed_at=at,
        crossing_order=OrderKey("pos", "O-1"),
        variant=variant,
        journey_program_version=1,
        **parts,
    )


def test_who_complained_gets_no_mail_at_the_address_that_is_taken_over(
    shop: Shop, ada: str, bob: str
) -> None:
    change(shop, bob, suppressed={"email": "complaint", "sms": "bounce"})
    know(shop, bob, Identity("email", "bob@example.com"))
    know(shop, ada, Identity("phone", "+4915112345678"))
    shop.merge(ada, bob)
    assert shop.member(ada).suppressed == {"email": "complaint"}
    shop.undo_merge(ada)
    assert shop.member(ada).suppressed == {}
    assert shop.member(bob).suppressed == {"email": "complaint", "sms": "bounce"}


@pytest.mark.parametrize(
    ("identity", "ends_sessions"),
    [
        (Identity("email", "bob@example.com"), True),
        (Identity("email", "bob@example.com", is_verified=False), False),
        (Identity("phone", "+4915112345678"), False),
    ],
)
def test_a_verified_address_that_goes_back_with_an_undone_merge_opens_the_survivor_s_pages_no_more(
    shop: Shop, ada: str, bob: str, identity: Identity, ends_sessions: bool
) -> None:
    know(shop, bob, identity)
    shop.merge(ada, bob)
    before = shop.member(ada).portal
    shop.undo_merge(ada)
    assert shop.member(ada).portal == (before.voided() if ends_sessions else before)


def test_a_complaint_after_the_merge_is_about_the_address_that_was_taken_over(
    shop: Shop, ada: str, bob: str
) -> None:
    know(shop, bob, Identity("email", "bob@example.com"))
    shop.merge(ada, bob)
    assert suppress_email(bob, "complaint", store=shop.store, clock=shop.clock)
    assert not suppress_email(bob, "complaint", store=shop.store, clock=shop.clock)
    assert shop.member(ada).suppressed == {"email": "complaint"}


def test_an_address_that_nobody_writes_to_any_more_may_bounce(
    shop: Shop, ada: str, bob: str
) -> None:
    know(shop, bob, Identity("email", "bob@example.com"))
    know(shop, ada, Identity("email", "ada@example.com"))
    shop.merge(ada, bob)
    assert not suppress_email(bob, "bounce", store=shop.store, clock=shop.clock)
    assert shop.member(ada).suppressed == {}


def test_a_no_of_either_to_service_messages_holds(shop: Shop, ada: str, bob: str) -> None:
    own = {"statement": True, "tier_mail": True}
    change(shop, ada, preferences=own)
    change(shop, bob, preferences={"tier_mail": False, "points_sms": False})
    shop.merge(ada, bob)
    said = {"statement": True, "tier_mail": False, "points_sms": False}
    assert shop.member(ada).preferences == said
    change(shop, ada, preferences={**said, "statement": False})
    shop.undo_merge(ada)
    assert shop.member(ada).preferences == {"statement": False, "tier_mail": True}


def test_tastes_add_up_and_an_undo_takes_the_others_out_again(
    shop: Shop, ada: str, bob: str
) -> None:
    shop.sell(an_order("O-1", lines=[OrderLine("milk", 1, 100)]), customer(ada))
    shop.sell(an_order("O-2", lines=[OrderLine("milk", 1, 100)]), customer(bob))
    shop.sell(an_order("O-3", lines=[OrderLine("tea", 1, 100)]), customer(bob))
    of_ada, of_bob = shop.member(ada).tastes, shop.member(bob).tastes
    shop.merge(ada, bob)
    both = shop.member(ada).tastes
    assert both is not None
    assert [(taste.name, taste.orders) for taste in both.skus] == [("milk", 2), ("tea", 1)]
    shop.undo_merge(ada)
    assert (shop.member(ada).tastes, shop.member(bob).tastes) == (of_ada, of_bob)


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_an_objection_of_either_to_profiling_holds(
    shop: Shop, ada: str, bob: str, who: str
) -> None:
    shop.sell(an_order("O-1"), customer(bob if who == "ada" else ada))
    change(shop, {"ada": ada, "bob": bob}[who], preferences={"profiling": False})
    shop.merge(ada, bob)
    assert shop.member(ada).tastes is None
    shop.sell(an_order("O-2"), customer(ada))
    assert shop.member(ada).tastes is None


def test_messages_to_either_count_for_the_week(shop: Shop, ada: str, bob: str) -> None:
    hours = tuple(NOW + timedelta(hours=hour) for hour in range(4))
    change(shop, ada, marketing_sent_at=(hours[1], hours[3]))
    change(shop, bob, marketing_sent_at=(hours[0], hours[2]))
    shop.merge(ada, bob)
    assert shop.member(ada).marketing_sent_at == hours
    shop.undo_merge(ada)
    assert shop.member(ada).marketing_sent_at == (hours[1], hours[3])


@pytest.mark.parametrize("status", ["invited", "prospect"])
def test_nobody_crosses_twice(shop: Shop, ada: str, bob: str, status: str) -> None:
    is_held_out = status == "prospect"
    cross(shop, bob, NOW, status=status, held_out=is_held_out)
    shop.merge(ada, bob)
    survivor = shop.member(ada)
    assert survivor.threshold_crossed_at == NOW
    assert (survivor.variant, survivor.held_out) == ("B", is_held_out)
    assert not survivor.invite_suppressed
    shop.undo_merge(ada)
    assert shop.member(ada).threshold_crossed_at is None
    assert shop.member(ada).variant is None
    assert shop.member(bob).variant == "B"


def test_who_waited_for_the_invite_gets_it_with_the_survivors_next_order(
    shop: Shop, ada: str, bob: str
) -> None:
    cross(shop, bob, NOW)
    know(shop, bob, Identity("email", "bob@example.com"))
    shop.merge(ada, bob)
    shop.sell(an_order("O-9", occurred_at=shop.clock.now()), customer(card="ada"))
    allowed = [fact for fact in shop.store.history.values() if fact.event == "InviteAllowed"]
    assert [fact.member_id for fact in allowed] == [ada]
    assert may_be_invited(shop.member(ada))


def test_of_two_crossings_the_earlier_holds_until_somebody_was_invited(
    shop: Shop, ada: str, bob: str
) -> None:
    cross(shop, ada, NOW + timedelta(days=1), variant="A")
    cross(shop, bob, NOW, held_out=True)
    shop.merge(ada, bob)
    assert shop.member(ada).held_out
    shop.undo_merge(ada)
    assert (shop.member(ada).variant, shop.member(ada).held_out) == ("A", False)
    change(shop, ada, status="invited")
    shop.merge(ada, bob, "M-2")
    assert (shop.member(ada).variant, shop.member(ada).held_out) == ("A", False)
