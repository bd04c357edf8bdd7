"""Leaving the program: what ends at once, what ends later, what comes back; the books balance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.rewards import RewardVoucher
from loyalty.services.leave import forfeit_points, leave_program
from tests.support.examples import an_order
from tests.support.reward_shop import RewardShop
from tests.support.shop import customer, money_back
from tests.support.vouchers import a_reward

A_MONTH = timedelta(days=30)


@pytest.fixture
def shop() -> RewardShop:
    return RewardShop(
        a_reward(kind="voucher", voucher=RewardVoucher("percent", percent=10, valid_days=60))
    )


@pytest.fixture
def ada(shop: RewardShop) -> str:
    return shop.a_member("4711")


def leave(shop: RewardShop, member_id: str) -> None:
    leave_program(
        member_id, store=shop.store, vouchers=shop.store.rewards.vouchers, clock=shop.clock
    )


def forfeit(shop: RewardShop) -> list[bool]:
    due = [due for due in shop.due("forfeiture") if due.due_at <= shop.clock.now()]
    return [forfeit_points(one, store=shop.store, clock=shop.clock) for one in due]


def test_who_leaves_is_a_customer_without_tier_and_points_to_come(
    shop: RewardShop, ada: str
) -> None:
    shop.sell(an_order(), to=customer(ada))
    leave(shop, ada)
    member = shop.member(ada)
    assert (member.status, member.tier, member.joined_at) == ("left", None, None)
    assert member.lifetime_spend_minor == 10_000
    fact = shop.store.status_changes(ada, limit=1)[0][0]
    assert fact.event == "MemberLeft"
    assert fact.data == {"tier": "member", "variant": None, "program_version": None}
    with pytest.raises(MemberNotFound):
        leave(shop, ada)


def test_points_pending_and_available_are_forfeited_together_once(
    shop: RewardShop, ada: str
) -> None:
    shop.adjust(ada, 250)
    shop.sell(an_order(), to=customer(ada))
    leave(shop, ada)
    shop.clock.advance(A_MONTH - timedelta(seconds=1))
    assert forfeit(shop) == []
    shop.clock.advance(timedelta(seconds=1))
    assert forfeit(shop) == [True]
    account = shop.member(ada).account
    assert (account.points_available, account.points_pending) == (0, 0)
    assert forfeit(shop) == []
    shop.require_sound_books()
    shop.release_what_is_due()
    shop.require_sound_books()


def test_goods_that_come_back_later_take_forfeited_points_not_twice(
    shop: RewardShop, ada: str
) -> None:
    shop.sell(an_order(), to=customer(ada))
    shop.sell(an_order("O-2", 20_000), to=customer(ada))
    shop.release_what_is_due()
    leave(shop, ada)
    shop.clock.advance(A_MONTH)
    forfeit(shop)
    shop.take_back(money_back(10_000, at=shop.clock.now()))
    shop.take_back(money_back(5_000, "R-2", at=shop.clock.now()), order_id="O-2")
    assert shop.member(ada).account.owed == 0
    shop.require_sound_books()


def test_who_had_no_points_has_nothing_to_forfeit(shop: RewardShop, ada: str) -> None:
    leave(shop, ada)
    shop.clock.advance(A_MONTH)
    assert forfeit(shop) == [False]
    assert not shop.due("forfeiture")


def test_who_comes_back_keeps_the_points_and_may_leave_again(shop: RewardShop, ada: str) -> None:
    shop.adjust(ada, 250)
    leave(shop, ada)
    shop.clock.advance(timedelta(days=10))
    assert shop.enrol(customer(card="4711")).created
    member = shop.member(ada)
    assert (member.status, member.tier, member.joined_at) == (
        "prospect",
        "member",
        shop.clock.now(),
    )
    shop.clock.advance(timedelta(days=20))
    assert forfeit(shop) == [False]
    assert shop.member(ada).account.points_available == 250
    leave(shop, ada)
    shop.clock.advance(A_MONTH)
    assert forfeit(shop) == [True]


def test_the_vouchers_of_who_was_merged_in_are_cancelled_too(shop: RewardShop, ada: str) -> None:
    ben = shop.a_member("4712")
    shop.adjust(ben, 100)
    answer, _ = shop.redeem(ben)
    shop.merge(ada, ben)
    leave(shop, ada)
    assert answer.voucher is not None
    [voucher] = shop.store.rewards.vouchers.all.values()
    assert (voucher.member_id, voucher.state) == (ben, "cancelled")
