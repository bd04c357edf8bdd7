"""A member's story: one timeline, each thing with why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.errors import CursorInvalid, MemberNotFound
from loyalty.services.ports import MemberChange, MessageClaim
from loyalty.services.story import Story, StoryItem, read_story
from tests.support.examples import NOW, PROGRAM, STANDARD, an_order
from tests.support.offer_shop import OfferShop, an_offer
from tests.support.reward_fakes import FakeVoucherStore
from tests.support.shop import Shop, customer, money_back
from tests.support.story_fakes import FakeStoryStore
from tests.support.vouchers import a_voucher

DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def story(shop: Shop, member_id: str, **asked: Any) -> Story:
    stories = FakeStoryStore(shop.store, asked.pop("vouchers", None))
    return read_story(member_id, story=stories, program=shop.program, **asked)


def whole_story(shop: Shop, member_id: str, **asked: Any) -> list[StoryItem]:
    """Return the items of all pages."""
    items: list[StoryItem] = []
    cursor = None
    while True:
        page = story(shop, member_id, cursor=cursor, **asked)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


def of(items: list[StoryItem] | tuple[StoryItem, ...], title: str) -> StoryItem:
    [found] = [item for item in items if item.title == title]
    return found


def test_orders_points_journey_and_messages_are_one_timeline(shop: Shop) -> None:
    ada = shop.a_member()
    shop.clock.advance(DAY)
    shop.sell(an_order("O-1", 60_000, occurred_at=shop.clock.now()), customer(ada))
    shop.clock.advance(DAY)
    shop.adjust(ada, 7)
    shop.clock.advance(DAY)
    claim = MessageClaim("invite", ada, "email", "invite", True, "sent", shop.clock.now())
    member = shop.member(ada)
    shop.store.commit(
        MemberChange(
            replace(member, version=member.version + 1),
            expected_version=member.version,
            message=claim,
        )
    )
    items = story(shop, ada).items
    assert [item.title for item in items] == [
        "Invite by email",
        "Adjustment: goodwill",
        "Threshold crossed",
        "Order O-1 of pos",
        "Member enrolled",
    ]
    strands = ["messages", "points", "journey", "orders", "journey"]
    assert [item.strand for item in items] == strands


def test_an_order_says_what_it_was_judged_by(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1", 4_999), customer(ada))
    order = of(story(shop, ada).items, "Order O-1 of pos")
    assert order.points == 4
    assert order.why.program_version == PROGRAM.version
    assert order.why.values == {
        "eligible_minor": 4_999,
        "earn_rate": "0.10",
        "multiplier": "1",
        "tier": "member",
    }


def test_the_version_that_judged_is_told_not_the_one_of_now(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    shop.program.definitions.append(
        replace(PROGRAM, version=2, effective_from=NOW + DAY, earn_rate=Decimal("0.50"))
    )
    shop.clock.advance(2 * DAY)
    shop.sell(an_order("O-2", occurred_at=shop.clock.now()), customer(ada))
    items = story(shop, ada).items
    rates = [item.why.values["earn_rate"] for item in items if item.strand == "orders"]
    assert rates == ["0.50", "0.10"]


def test_an_order_before_joining_says_why_it_earned_nothing(shop: Shop) -> None:
    shop.sell(an_order("O-1"), customer(card="4711"))
    [order] = [item for item in story(shop, shop.id_of("4711")).items if item.strand == "orders"]
    assert order.points == 0
    assert order.why.rule.startswith("Only orders of members earn")


def test_crossing_names_the_threshold_and_the_execution_that_it_started(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1", 60_000), customer(ada))
    crossed = of(story(shop, ada).items, "Threshold crossed")
    assert crossed.why.values["threshold_minor"] == STANDARD.threshold_minor
    assert crossed.why.values["lifetime_spend_minor"] == 60_000
    assert crossed.execution == ("elite_journey", ada)


def test_a_return_tells_of_the_points_that_it_took(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    shop.take_back(money_back(10_000))
    [taken] = [item for item in story(shop, ada).items if item.strand == "points"]
    assert (taken.points, taken.balance_after) == (-10, 0)
    assert taken.why.values["cause"] == "return/pos/O-1/R-1"


def test_points_told_alone_have_what_orders_earned(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    [earned] = story(shop, ada, strands=("points",)).items
    assert (earned.points, earned.why.values["cause"]) == (10, "order/pos/O-1")


def test_points_of_orders_that_are_told_too_are_told_once(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    assert [item.strand for item in story(shop, ada, strands=("orders", "points")).items] == [
        "orders"
    ]


def test_offers_used_refused_and_activated_are_a_strand_of_their_own() -> None:
    shop = OfferShop(an_offer(), an_offer("tea"))
    ada = shop.a_member()
    shop.clock.advance(DAY)
    shop.use(ada)
    shop.order_accepted(ada, "no-such-offer")
    shop.clock.advance(DAY)
    shop.activate(ada, "tea")
    at = shop.clock.now()
    shop.reverse()
    offers = story(shop, ada, strands=("offers",)).items
    assert [item.title for item in offers] == [
        "Offer use reversed",
        "Offer activated",
        "Offer use refused",
        "Offer used",
    ]
    assert of(offers, "Offer activated").at == at
    assert of(offers, "Offer activated").why.values["offer_id"] == "tea"
    assert of(offers, "Offer use refused").why.values["reason"] == "offer_not_found"
    assert not any("Offer" in item.title for item in story(shop, ada, strands=("journey",)).items)
    told = story(shop, ada).items
    assert {item.strand for item in told} == {"journey", "offers"}
    assert all(offer in told for offer in offers)


def test_where_a_strand_is_rare_a_page_is_empty_and_has_a_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeStoryStore, "keys_read_at_most", 3)
    shop = OfferShop(an_offer())
    ada = shop.a_member()
    for number in range(8):
        shop.clock.advance(timedelta(minutes=1))
        shop.use(ada, f"U-{number}")
    page = story(shop, ada, strands=("journey",))
    assert page.items == ()
    assert page.next_cursor is not None
    titles = [item.title for item in whole_story(shop, ada, strands=("journey",))]
    assert titles[-1] == "Member enrolled"
    assert "Offer used" not in titles


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_each_activation_is_on_the_page_of_its_time_also_at_its_border(limit: int) -> None:
    names = [f"offer-{number}" for number in range(4)]
    shop = OfferShop(an_offer(), *(an_offer(name) for name in names))
    ada = shop.a_member()
    for number, name in enumerate(names):
        shop.clock.advance(DAY)
        shop.use(ada, f"U-{number}")
        # At the very moment of the use before it, and between two.
        shop.clock.advance(timedelta(minutes=number % 2))
        shop.activate(ada, name)
    told = whole_story(shop, ada, limit=limit)
    activated = [item for item in told if item.title == "Offer activated"]
    assert sorted(str(item.why.values["offer_id"]) for item in activated) == names
    assert [item.at for item in told] == sorted((item.at for item in told), reverse=True)


def test_vouchers_are_told_without_their_codes(shop: Shop) -> None:
    ada = shop.a_member()
    vouchers = FakeVoucherStore()
    voucher = replace(a_voucher(), member_id=ada)
    vouchers.all[voucher.code] = voucher
    [item] = story(shop, ada, strands=("vouchers",), vouchers=vouchers).items
    assert item.state == "issued"
    assert voucher.code not in repr(item)


def test_who_was_merged_keeps_their_own_story(shop: Shop) -> None:
    ada, twin = shop.a_member("1"), shop.a_member("2")
    shop.merge(ada, twin)
    told = story(shop, twin)
    assert told.member.merged_into == ada
    assert of(told.items, "Member merged").why.values["survivor_id"] == ada


def test_nobody_has_no_story(shop: Shop) -> None:
    with pytest.raises(MemberNotFound):
        story(shop, "nobody")


@pytest.mark.parametrize("cursor", ["x", "orders.0.", ""])
def test_a_cursor_of_something_else_is_refused(shop: Shop, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        story(shop, shop.a_member(), cursor=cursor)


@given(
    st.lists(st.sampled_from(["order", "late order", "adjust", "return"]), max_size=25),
    st.integers(1, 6),
)
def test_pages_tell_everything_once_newest_first(happenings: list[str], limit: int) -> None:
    shop = Shop()
    ada = shop.a_member()
    for number, what in enumerate(happenings):
        shop.clock.advance(DAY)
        at = shop.clock.now()
        if what == "adjust":
            shop.adjust(ada, 5, f"A-{number}")
        else:
            occurred_at = at - 3 * DAY if what == "late order" else at
            shop.sell(an_order(f"O-{number}", 1_000, occurred_at=occurred_at), customer(ada))
        if what == "return":
            shop.take_back(money_back(1_000, f"R-{number}", at=at), order_id=f"O-{number}")
    at_once = whole_story(shop, ada, limit=1_000)
    assert len(at_once) == 1 + len(happenings) + happenings.count("return")
    assert [item.at for item in at_once] == sorted((item.at for item in at_once), reverse=True)
    page_by_page = whole_story(shop, ada, limit=limit)
    assert sorted(page_by_page, key=repr) == sorted(at_once, key=repr)
    assert [item.at for item in page_by_page] == [item.at for item in at_once]
