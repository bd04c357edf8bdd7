"""Points for rewards: whatever happens in whatever order, points, stock and vouchers agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count, product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty.domain.calendar import month_of, program_day
from loyalty.domain.errors import DomainError, InsufficientPoints, MemberBusy, OwnAccount
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.reward_errors import (
    OutOfStock,
    RedemptionConflict,
    RewardNotAvailable,
    VoucherAlreadyRedeemed,
    VoucherOfAnotherMember,
)
from loyalty.domain.rewards import RewardVoucher
from tests.support.examples import NOW, PROGRAM
from tests.support.reward_shop import RewardShop
from tests.support.vouchers import a_reward

STOCK = 6
FIVE_EUROS = RewardVoucher("amount", amount_minor=500, valid_days=30)
MUG = a_reward(10, stock=STOCK)
FIVE = a_reward(20, reward_id="five", kind="voucher", voucher=FIVE_EUROS)
VASE = a_reward(30, reward_id="vase", kind="gift", stock=STOCK, sku="V-1")


@pytest.fixture
def shop() -> RewardShop:
    return RewardShop(MUG, FIVE, VASE)


@pytest.fixture
def ada(shop: RewardShop) -> str:
    """A member with 100 points to spend."""
    member_id = shop.a_member("ada")
    shop.adjust(member_id, 100)
    return member_id


def test_a_redemption_is_one_read_and_one_transaction(shop: RewardShop, ada: str) -> None:
    shop.store.requests = 0
    answer, is_new = shop.redeem(ada)
    assert (answer.points, answer.points_available, is_new) == (10, 90, True)
    assert shop.store.requests == 2
    assert shop.redeem(ada) == (answer, False)
    assert shop.store.requests == 3


def test_a_redemption_is_a_benefit_use_until_it_is_reversed(shop: RewardShop, ada: str) -> None:
    shop.redeem(ada, quantity=2)
    assert shop.member(ada).uses == (MonthUses("2017-03", benefits=1),)
    shop.clock.advance(timedelta(days=31))
    shop.reverse(ada)
    assert shop.member(ada).uses == (MonthUses("2017-03"),)


def test_a_redemption_makes_a_lapsed_member_active_again(shop: RewardShop, ada: str) -> None:
    lapsed = replace(shop.member(ada), status="inactive", inactive_reason="lapsed")
    shop.store.members[ada] = replace(lapsed, status_since=NOW - timedelta(days=20))
    shop.redeem(ada)
    assert (shop.member(ada).status, shop.member(ada).status_since) == ("active", NOW)
    facts = [change.event for change in shop.store.history.values() if change.member_id == ada]
    assert facts[-2:] == ["MemberReactivated", "RewardRedeemed"]


def test_who_is_refused_a_while_decides_again(shop: RewardShop, ada: str) -> None:
    shop.store.refusals = 3
    assert shop.redeem(ada)[0].points_available == 90
    shop.store.refusals = 100
    with pytest.raises(MemberBusy):
        shop.redeem(ada, "R-2")
    shop.store.refusals = 0
    assert shop.stock() == STOCK - 1


def test_the_last_piece_goes_to_who_was_faster(shop: RewardShop, ada: str) -> None:
    bob = shop.a_member("bob")
    shop.adjust(bob, 100, "A-2")
    shop.store.rewards.catalogue["mug"] = replace(MUG, stock=1)
    shop.store.meanwhile = lambda: shop.redeem(bob)
    with pytest.raises(OutOfStock):
        shop.redeem(ada)
    assert (shop.stock(), shop.member(ada).account.points_available) == (0, 100)


def test_a_price_that_changes_meanwhile_is_the_price(shop: RewardShop, ada: str) -> None:
    dearer = replace(MUG, revision=2, points=60)
    shop.store.meanwhile = lambda: shop.store.rewards.change(dearer, sets_stock=False)
    assert shop.redeem(ada)[0].points == 60


def test_what_the_rules_refuse_changes_nothing(shop: RewardShop, ada: str) -> None:
    before = (shop.member(ada), dict(shop.store.rewards.catalogue))
    for reward_id, quantity, refusal in (
        ("five", 6, InsufficientPoints),
        ("mug", STOCK + 1, OutOfStock),
    ):
        with pytest.raises(refusal):
            shop.redeem(ada, "R-1", reward_id, quantity)
    shop.store.rewards.catalogue["mug"] = replace(MUG, tiers=("diamond",))
    with pytest.raises(RewardNotAvailable):
        shop.redeem(ada)
    shop.store.rewards.catalogue["mug"] = MUG
    assert (shop.member(ada), dict(shop.store.rewards.catalogue)) == before


def test_an_id_is_for_one_thing(shop: RewardShop, ada: str) -> None:
    shop.redeem(ada)
    for reward_id, quantity in (("five", 1), ("mug", 2)):
        with pytest.raises(RedemptionConflict):
            shop.redeem(ada, "R-1", reward_id, quantity)


def test_a_reversal_restores_all_or_nothing(shop: RewardShop, ada: str) -> None:
    answer, _ = shop.redeem(ada, "R-1", "five", 2)
    first, second = (voucher.code for voucher in answer.vouchers)
    shop.spend(first, amount_minor=1)
    with pytest.raises(VoucherAlreadyRedeemed):
        shop.reverse(ada)
    shop.unspend(first)
    assert shop.reverse(ada).points_available == 100
    states = {voucher.state for voucher in shop.store.rewards.vouchers.all.values()}
    assert states == {"cancelled"}
    for code in (first, second):
        with pytest.raises(DomainError):
            shop.spend(code, "U-2")


def test_restored_points_are_due_to_expire_again(shop: RewardShop, ada: str) -> None:
    shop.redeem(ada)
    shop.clock.advance(timedelta(days=500))
    shop.expire_what_is_due()
    assert shop.reverse(ada).points_available == 10
    shop.require_sound_books()
    shop.clock.advance(timedelta(days=31))
    shop.expire_what_is_due()
    assert shop.member(ada).account.points_available == 0
    shop.require_sound_books()


def test_who_was_merged_spends_the_points_and_vouchers_of_both(shop: RewardShop, ada: str) -> None:
    bob = shop.a_member("bob")
    shop.adjust(bob, 100, "A-2")
    voucher = shop.redeem(bob, "R-1", "five")[0].voucher
    assert voucher is not None
    with pytest.raises(VoucherOfAnotherMember):
        shop.spend(voucher.code, by=ada)
    shop.merge(ada, bob)
    shop.spend(voucher.code, by=ada)
    assert shop.redeem(bob, "R-2")[0].points_available == 170
    assert shop.member(ada).account.points_available == 170
    assert shop.reverse(bob, "R-2").points_available == 180


def test_what_is_reversed_while_two_are_merged_is_whose_it_was_when_they_are_two_again(
    shop: RewardShop, ada: str
) -> None:
    bob = shop.a_member("bob")
    shop.adjust(bob, 50, "A-2")
    for member_id, redemption_id in ((ada, "R-1"), (bob, "R-2")):
        shop.redeem(member_id, redemption_id)
    shop.merge(ada, bob)
    shop.reverse(bob, "R-2")
    shop.undo_merge(ada)
    assert shop.member(ada).account.points_available == 90
    assert shop.member(bob).account.points_available == 50
    benefits = {
        member_id: sum(month.benefits for month in shop.member(member_id).uses)
        for member_id in (ada, bob)
    }
    assert benefits == {ada: 1, bob: 0}
    shop.require_sound_books()


def test_points_go_back_to_whose_they_were_though_the_merge_was_undone(
    shop: RewardShop, ada: str
) -> None:
    bob = shop.a_member("bob")
    before = shop.member(ada).account.points_available
    shop.merge(ada, bob)
    shop.redeem(bob, "R-1")
    for own, named in product((ada, bob), (ada, bob)):
        with pytest.raises(OwnAccount):
            shop.reverse(named, "R-1", by=own)
    shop.undo_merge(ada)
    shop.reverse(bob, "R-1")
    assert shop.member(ada).account.points_available == before
    assert shop.member(bob).account.points_available == 0
    for member_id in (ada, bob):
        assert all(month.benefits == 0 for month in shop.member(member_id).uses)
    shop.require_sound_books()


class Spending(RuleBasedStateMachine):
    """Members earn, redeem, use vouchers; staff reverse; lots expire; everything comes twice."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = RewardShop(MUG, FIVE, VASE)
        self.numbers = count(1)
        self.redemptions: list[tuple[str, str, str, int]] = []
        self.codes: list[str] = []
        self.spent: list[tuple[str, str]] = []

    @initialize()
    def two_members(self) -> None:
        self.members = [self.shop.a_member(card) for card in ("ada", "bob")]

    @rule(nth=st.integers(0, 1), points=st.integers(1, 60))
    def points_come(self, nth: int, points: int) -> None:
        self.shop.adjust(self.members[nth], points, f"A-{next(self.numbers)}")

    @rule(
        nth=st.integers(0, 1),
        reward_id=st.sampled_from(["mug", "five", "vase"]),
        quantity=st.integers(1, 3),
        twice=st.booleans(),
    )
    def redeem(self, nth: int, reward_id: str, quantity: int, twice: bool) -> None:
        redemption = (self.members[nth], f"R-{next(self.numbers)}", reward_id, quantity)
        try:
            answer, _ = self.shop.redeem(*redemption)
        except (InsufficientPoints, OutOfStock):
            return
        self.redemptions.append(redemption)
        self.codes += [voucher.code for voucher in answer.vouchers]
        if twice:
            assert self.shop.redeem(*redemption) == (answer, False)

    @precondition(lambda self: self.redemptions)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        member_id, redemption_id, _, _ = data.draw(st.sampled_from(self.redemptions))
        try:
            first = self.shop.reverse(member_id, redemption_id)
        except DomainError:
            return
        assert self.shop.reverse(member_id, redemption_id) == first

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), amount=st.none() | st.integers(1, 500))
    def spend(self, data: st.DataObject, amount: int | None) -> None:
        use = (data.draw(st.sampled_from(self.codes)), f"U-{next(self.numbers)}")
        try:
            self.shop.spend(*use, amount)
        except DomainError:
            return
        self.spent.append(use)

    @precondition(lambda self: self.spent)
    @rule(data=st.data())
    def unspend(self, data: st.DataObject) -> None:
        self.shop.unspend(*data.draw(st.sampled_from(self.spent)))

    @rule(days=st.sampled_from([1, 10, 31, 200, 400]))
    def time_passes(self, days: int) -> None:
        self.shop.clock.advance(timedelta(days=days))

    @rule()
    def lots_expire(self) -> None:
        self.shop.expire_what_is_due()

    @invariant()
    def the_books_balance(self) -> None:
        self.shop.require_sound_books()

    @invariant()
    def what_is_redeemed_is_what_was_not_reversed(self) -> None:
        store = self.shop.store
        for member_id in getattr(self, "members", []):
            redeemed = sum(
                line.points
                for (owner, _), entry in store.ledger.items()
                if owner == member_id
                for line in entry.lines
                if line.account == "redeemed"
            )
            open_ = [
                kept.points
                for (owner, _), kept in store.rewards.redemptions.items()
                if owner == member_id and kept.state == "redeemed"
            ]
            assert redeemed == sum(open_)

    @invariant()
    def what_was_not_reversed_is_used(self) -> None:
        store = self.shop.store
        for member_id in getattr(self, "members", []):
            open_ = Counter(
                month_of(program_day(kept.redeemed_at, PROGRAM.time_zone))
                for (owner, _), kept in store.rewards.redemptions.items()
                if owner == member_id and kept.state == "redeemed"
            )
            for used in self.shop.member(member_id).uses:
                assert used == MonthUses(used.month, benefits=open_[used.month])

    @invariant()
    def stock_and_what_members_have_is_the_whole_stock(self) -> None:
        for reward_id in ("mug", "vase"):
            held = sum(
                kept.quantity
                for kept in self.shop.store.rewards.redemptions.values()
                if kept.reward_id == reward_id and kept.state == "redeemed"
            )
            assert (self.shop.stock(reward_id) or 0) + held == STOCK

    @invariant()
    def a_reversed_redemption_leaves_no_voucher_and_no_task(self) -> None:
        store = self.shop.store
        for kept in store.rewards.redemptions.values():
            if kept.state == "redeemed":
                continue
            for code in kept.voucher_codes:
                voucher = store.rewards.vouchers.all[code]
                assert voucher.state == "cancelled"
                assert voucher.is_unused
            if kept.task_id:
                assert store.tasks[kept.task_id].state == "withdrawn"


Spending.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestSpending = Spending.TestCase


def test_a_voucher_of_a_reward_holds_for_whole_days(shop: RewardShop, ada: str) -> None:
    voucher = shop.redeem(ada, "R-1", "five")[0].voucher
    assert voucher is not None
    assert voucher.expires_at - NOW > timedelta(days=30)
    assert voucher.expires_at - NOW <= timedelta(days=31)
