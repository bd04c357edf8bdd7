"""Staff give and take points, once each, within limits."""

from __future__ import annotations

import pytest

from loyalty.contracts.members import AdjustmentAnswer
from loyalty.domain.errors import (
    AdjustmentAboveLimit,
    AdjustmentConflict,
    InsufficientPoints,
    MemberNotFound,
    NotEnrolled,
    OwnAccount,
)
from loyalty.services.adjust_points import adjust_points
from tests.support.examples import an_order
from tests.support.shop import Shop, customer


def adjust(
    shop: Shop,
    member_id: str,
    points: int,
    adjustment_id: str = "A-1",
    *,
    reason: str = "goodwill",
    own_member_id: str | None = None,
) -> AdjustmentAnswer:
    return adjust_points(
        member_id,
        adjustment_id=adjustment_id,
        points=points,
        reason=reason,
        made_by="staff-1",
        own_member_id=own_member_id,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_gives_and_takes_points(shop: Shop) -> None:
    ada = shop.a_member()
    given = adjust(shop, ada, 50, "A-1")
    taken = adjust(shop, ada, -20, "A-2")
    assert (given.points, given.points_available) == (50, 50)
    assert (taken.points, taken.points_available) == (-20, 30)
    assert given.entry_id != taken.entry_id
    shop.require_sound_books()


def test_counts_once(shop: Shop) -> None:
    ada = shop.a_member()
    assert adjust(shop, ada, 50) == adjust(shop, ada, 50)
    assert shop.member(ada).account.points_available == 50
    with pytest.raises(AdjustmentConflict):
        adjust(shop, ada, 51)
    with pytest.raises(AdjustmentConflict):
        adjust(shop, ada, 50, reason="birthday")


def test_counts_once_when_two_race(shop: Shop) -> None:
    ada = shop.a_member()
    shop.store.meanwhile = lambda: adjust(shop, ada, 50)
    adjust(shop, ada, 50)
    assert shop.member(ada).account.points_available == 50


@pytest.mark.parametrize("points", [1_000, -1_000])
def test_one_person_adjusts_up_to_the_limit(shop: Shop, points: int) -> None:
    ada = shop.a_member()
    adjust(shop, ada, 1_000, "A-0")
    assert adjust(shop, ada, points).points == points
    with pytest.raises(AdjustmentAboveLimit):
        adjust(shop, ada, points + (1 if points > 0 else -1), "A-2")


def test_never_takes_what_is_not_there(shop: Shop) -> None:
    ada = shop.a_member()
    with pytest.raises(InsufficientPoints):
        adjust(shop, ada, -1)
    assert shop.store.guards == {}


def test_nobody_adjusts_their_own_account(shop: Shop) -> None:
    ada = shop.a_member()
    with pytest.raises(OwnAccount):
        adjust(shop, ada, 1, own_member_id=ada)


def test_only_members_have_points(shop: Shop) -> None:
    prospect = str(shop.sell(an_order(), customer(card="1")).answer["member_id"])
    with pytest.raises(NotEnrolled):
        adjust(shop, prospect, 1)
    with pytest.raises(MemberNotFound):
        adjust(shop, "nobody", 1)
