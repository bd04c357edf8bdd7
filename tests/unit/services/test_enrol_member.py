"""Customers become members and keep what they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import (
    IdentityInvalid,
    IdentityTaken,
)
from loyalty.domain.member import Consent
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.shop import Shop, customer


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_new_customer_becomes_a_member(shop: Shop) -> None:
    outcome = shop.enrol(customer(card="4711", name="Ada", consents={"email": True}))
    ada = shop.member(outcome.member.member_id)
    assert outcome.created
    assert (ada.joined_at, ada.tier, ada.name, ada.version) == (NOW, "member", "Ada", 1)
    assert ada.consents == {"email": Consent(True, NOW, "enrolment")}
    events = [change.event for change in shop.store.history.values()]
    assert events == ["MemberEnrolled", "ConsentChanged"]


def test_what_is_bought_in_the_second_of_joining_earns() -> None:
    shop = Shop(at=NOW + timedelta(microseconds=999_999))
    ada = shop.a_member()
    assert shop.sell(an_order(occurred_at=NOW), customer(ada)).answer["points_earned"] == 10


def test_a_prospect_becomes_a_member_and_keeps_their_spend(shop: Shop) -> None:
    before = shop.sell(an_order(), customer(card="4711")).answer["member_id"]
    outcome = shop.enrol(customer(card="4711", email="ada@example.org"))
    assert (outcome.created, outcome.member.member_id) == (True, before)
    assert outcome.member.lifetime_spend.amount_minor == 10_000
    assert outcome.member.points_pending == 0
    assert (
        shop.sell(an_order("O-2"), customer(email="ada@example.org")).answer["points_earned"] == 10
    )


def test_a_member_stays_as_they_are(shop: Shop) -> None:
    ada = shop.a_member(card="4711")
    before = shop.member(ada)
    shop.clock.advance(timedelta(days=1))
    outcome = shop.enrol(customer(card="4711", name="Bob"))
    assert (outcome.created, outcome.member.member_id) == (False, ada)
    assert shop.member(ada) == before


def test_an_opt_out_of_somebody_who_is_a_member_already_holds(shop: Shop) -> None:
    ada = shop.enrol(customer(card="4711", consents={"email": True})).member.member_id
    shop.clock.advance(timedelta(days=1))
    outcome = shop.enrol(customer(card="4711", consents={"email": False}))
    assert outcome.created is False
    assert outcome.member.consents["email"].granted is False
    assert shop.member(ada).consents["email"].granted is False


def test_two_sign_ups_at_once_make_one_member(shop: Shop) -> None:
    shop.store.meanwhile = lambda: shop.a_member("4711")
    outcome = shop.enrol(customer(email="ada@example.org", card="4711"))
    assert outcome.created is False
    assert len(shop.store.members) == 1


def test_identities_of_two_customers_are_refused(shop: Shop) -> None:
    shop.sell(an_order("O-1"), customer(card="4711"))
    shop.sell(an_order("O-2"), customer(email="bob@example.org"))
    with pytest.raises(IdentityTaken):
        shop.enrol(customer(card="4711", email="bob@example.org"))


def test_somebody_without_identity_cannot_be_a_member(shop: Shop) -> None:
    with pytest.raises(IdentityInvalid):
        shop.enrol(customer(name="Nobody"))


def test_open_elite_lets_sign_ups_in_at_once() -> None:
    shop = Shop(replace(PROGRAM, open_elite=True))
    assert shop.enrol(customer(card="4711")).member.status == "active"
