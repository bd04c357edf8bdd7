"""One member gives points to another: both accounts or neither, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.contracts.points import TransferAnswer
from loyalty.domain.errors import (
    InsufficientPoints,
    MemberNotFound,
    NotEnrolled,
    OwnAccount,
    SameMember,
    TransferConflict,
)
from loyalty.services.transfer_points import transfer_points
from tests.support.examples import an_order
from tests.support.shop import Shop, customer


@pytest.fixture
def shop() -> Shop:
    """Ada has 10 points to spend, bob is a member, cyd only a customer."""
    shop = Shop()
    shop.a_member("ada")
    shop.a_member("bob")
    shop.sell(an_order(), customer(card="ada"))
    shop.sell(an_order("O-2"), customer(card="cyd"))
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()
    return shop


def give(
    shop: Shop,
    to: str = "bob",
    points: int = 4,
    *,
    giver: str = "ada",
    transfer_id: str = "T-1",
    by: str | None = None,
) -> TransferAnswer:
    return transfer_points(
        shop.id_of(giver),
        transfer_id=transfer_id,
        to_member_id=shop.id_of(to),
        points=points,
        made_by="caller",
        own_member_id=shop.id_of(by) if by else None,
        store=shop.store,
        clock=shop.clock,
    )


def balances(shop: Shop) -> tuple[int, int]:
    ada, bob = (shop.member(shop.id_of(card)).account for card in ("ada", "bob"))
    return ada.balance, bob.balance


def test_both_accounts_change_once(shop: Shop) -> None:
    shop.store.requests = 0
    first = give(shop)
    assert shop.store.requests == 4
    assert (first.points, first.points_available) == (4, 6)
    assert give(shop) == first
    assert shop.store.requests == 5
    assert balances(shop) == (6, 4)
    shop.require_sound_books()


def test_given_points_expire_when_they_would_have(shop: Shop) -> None:
    give(shop)
    expiries = {due.member_id: due.due_at for due in shop.due("expiry")}
    assert expiries[shop.id_of("bob")] == expiries[shop.id_of("ada")]


def test_the_same_id_with_another_content_is_refused(shop: Shop) -> None:
    give(shop)
    with pytest.raises(TransferConflict):
        give(shop, points=5)
    with pytest.raises(TransferConflict):
        give(shop, to="cyd")
    assert balances(shop) == (6, 4)


def test_a_change_meanwhile_of_either_side_is_seen(shop: Shop) -> None:
    shop.store.meanwhile = lambda: give(shop, points=7, transfer_id="T-2")
    with pytest.raises(InsufficientPoints):
        give(shop)
    assert balances(shop) == (3, 7)


def test_nobody_gives_themselves_what_is_anothers(shop: Shop) -> None:
    with pytest.raises(OwnAccount):
        give(shop, by="bob")
    with pytest.raises(SameMember):
        give(shop, to="ada")
    give(shop, by="ada")
    assert balances(shop) == (6, 4)


def test_only_members_give_and_get(shop: Shop) -> None:
    with pytest.raises(NotEnrolled):
        give(shop, to="cyd")
    with pytest.raises(NotEnrolled):
        give(shop, giver="cyd", to="ada")
    with pytest.raises(MemberNotFound):
        give(shop, to="nobody")
    assert balances(shop) == (10, 0)


def test_a_merged_profile_of_ones_own_is_ones_own(shop: Shop) -> None:
    old = shop.a_member("old")
    shop.merge(shop.id_of("bob"), old)
    with pytest.raises(OwnAccount):
        give(shop, to=old, by="bob")
    assert balances(shop) == (10, 0)
