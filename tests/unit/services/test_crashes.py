"""A crash between any two AWS calls of a writing use case: a retry ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.values import iso
from loyalty.domain.member import Consent
from loyalty.services.adjust_points import adjust_points
from loyalty.services.consents import change_consents
from loyalty.services.engagement_review import review_shard
from loyalty.services.merge_members import merge_members, undo_merge
from loyalty.services.preferences import record_preferences
from loyalty.services.refresh_offers import Curator
from loyalty.services.reward_action import reward_action
from loyalty.services.savings import Saving, count_saving
from loyalty.services.shards import enrolled_shard
from loyalty.services.taste_objects import KeptStatistics
from loyalty.services.transfer_points import transfer_points
from tests.support.crashes import UseCase
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.fakes import FakeIds
from tests.support.job_fakes import FakeObjects, FakeReports
from tests.support.offer_fakes import FakeOfferCatalogue
from tests.support.shop import Shop, customer, money_back

# A merge moves their cards, so that they are not found by them.
ADA, BOB = (FakeIds().derive("m", f"enrolment/card/{card}/{iso(NOW)}") for card in ("ada", "bob"))


def an_empty_shop() -> Shop:
    return Shop()


def a_shop_with_members() -> Shop:
    """Ada has points to spend, and some still pending; bob has none."""
    shop = Shop()
    for card in ("ada", "bob"):
        shop.a_member(card)
    shop.sell(an_order("O-1"), customer(card="ada"))
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()
    shop.sell(an_order("O-2", occurred_at=shop.clock.now()), customer(card="ada"))
    return shop


def after(days: int) -> Callable[[], Shop]:
    def prepare() -> Shop:
        shop = a_shop_with_members()
        shop.clock.advance(timedelta(days=days))
        return shop

    return prepare


def with_a_return_that_waits() -> Shop:
    shop = a_shop_with_members()
    shop.take_back(money_back(5_000), order_id="O-3")
    return shop


def suspicious() -> Shop:
    """One more order today, and its points are held."""
    shop = a_shop_with_members()
    shop.program.definitions = [replace(PROGRAM, earns_per_card_and_day=1)]
    return shop


def with_held_points() -> Shop:
    shop = suspicious()
    shop.sell(an_order("O-3", occurred_at=shop.clock.now()), customer(card="ada"))
    return shop


def adjust(shop: Shop, points: int = 5) -> None:
    adjust_points(
        shop.id_of("ada"),
        adjustment_id="A-1",
        points=points,
        reason="goodwill",
        made_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
        ids=shop.ids,
    )


def adjust_above_the_limit(shop: Shop) -> None:
    adjust(shop, points=1_001)


def transfer(shop: Shop) -> None:
    transfer_points(
        shop.id_of("ada"),
        transfer_id="T-1",
        to_member_id=shop.id_of("bob"),
        points=5,
        made_by="ada",
        own_member_id=shop.id_of("ada"),
        store=shop.store,
        clock=shop.clock,
    )


def review(shop: Shop) -> None:
    reward_action(
        shop.id_of("ada"),
        action="review",
        action_id="R-1",
        occurred_at=shop.clock.now(),
        made_by="shop",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def merge(shop: Shop) -> None:
    merge_members(
        BOB,
        merge_id="M-1",
        other_member_id=ADA,
        merged_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def merged() -> Shop:
    shop = a_shop_with_members()
    merge(shop)
    return shop


def undo(shop: Shop) -> None:
    undo_merge(
        BOB,
        "M-1",
        undone_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def consent(shop: Shop) -> None:
    change_consents(
        shop.id_of("ada"),
        {"email": Consent(granted=False, recorded_at=NOW, source="shop")},
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def want_statements(shop: Shop) -> None:
    record_preferences(
        shop.id_of("ada"),
        {"statement": True},
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def use_voucher(shop: Shop) -> None:
    count_saving(
        shop.id_of("ada"),
        Saving("v-1", 2, 400, shop.clock.now()),
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def with_a_month_without_uses() -> Shop:
    """Ada is active since ever, and half a year goes by."""
    shop = a_shop_with_members()
    ada = shop.member(shop.id_of("ada"))
    active = replace(ada, status="active", status_since=NOW - timedelta(days=400))
    shop.store.members[ada.member_id] = active
    shop.clock.advance(timedelta(days=180))
    return shop


def review_of_june(shop: Shop) -> None:
    review_shard(
        "r-1",
        "2017-06",
        enrolled_shard(shop.id_of("ada")),
        store=shop.store,
        program=shop.program,
        reports=FakeReports(),
        clock=shop.clock,
        curator=Curator(
            store=shop.store,
            catalogue=FakeOfferCatalogue(shop.store.offers),
            statistics=KeptStatistics(FakeObjects()),
            program=shop.program,
            clock=shop.clock,
        ),
    )


def everything_stored(shop: Shop) -> object:
    bookkeeping = {"requests", "refusals", "before_commit", "meanwhile"}
    return {name: kept for name, kept in vars(shop.store).items() if name not in bookkeeping}


def in_the_shop(
    name: str, act: Callable[[Shop], object], prepare: Callable[[], Shop] = a_shop_with_members
) -> UseCase[Shop]:
    return UseCase(name, prepare, act, everything_stored)


# Every use case that writes has its row here.
USE_CASES: list[UseCase[Any]] = [
    in_the_shop(
        "an order of a new customer",
        lambda shop: shop.sell(an_order(), customer(card="4711", email="ada@example.org")),
        an_empty_shop,
    ),
    in_the_shop(
        "an order of a member", lambda shop: shop.sell(an_order("O-3"), customer(card="ada"))
    ),
    in_the_shop(
        "an order whose return waited",
        lambda shop: shop.sell(an_order("O-3"), customer(card="ada")),
        with_a_return_that_waits,
    ),
    in_the_shop(
        "an order whose points are held",
        lambda shop: shop.sell(an_order("O-3", occurred_at=shop.clock.now()), customer(card="ada")),
        suspicious,
    ),
    in_the_shop(
        "a decision on held points", lambda shop: shop.decide_hold("rejected"), with_held_points
    ),
    in_the_shop("a return", lambda shop: shop.take_back(money_back(5_000))),
    in_the_shop(
        "a return before its order",
        lambda shop: shop.take_back(money_back(5_000), order_id="O-9"),
    ),
    in_the_shop("an enrolment", lambda shop: shop.enrol(customer(card="cyd"))),
    in_the_shop("a consent", consent),
    in_the_shop("a preference", want_statements),
    in_the_shop("a voucher that saved something", use_voucher),
    in_the_shop("a review of engagement", review_of_june, with_a_month_without_uses),
    in_the_shop("an adjustment", adjust),
    in_the_shop("an adjustment that another approves", adjust_above_the_limit),
    in_the_shop("a transfer", transfer),
    in_the_shop("a rewarded action", review),
    in_the_shop("a merge", merge),
    in_the_shop("a merge undone", undo, merged),
    in_the_shop(
        "a return of who was merged", lambda shop: shop.take_back(money_back(5_000)), merged
    ),
    in_the_shop("a release", Shop.release_what_is_due, after(days=30)),
    in_the_shop("an expiry", Shop.expire_what_is_due, after(days=400)),
]


@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda use_case: use_case.name)
def test_a_retry_after_a_crash_ends_as_if_nothing_had_been(use_case: UseCase[Any]) -> None:
    expected, places = use_case.undisturbed()
    assert expected != use_case.state(use_case.prepare()), "it writes something"
    assert places >= 4, "it reads and writes"
    for place, state in use_case.crashed(places):
        assert state == expected, f"after a crash at place {place} of {places}"
