"""Rewards and redemptions in DynamoDB: what the transaction itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.reward_store import DynamoRewardStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
from loyalty.adapters.dynamodb.voucher_tables import bind_vouchers
from loyalty.domain.ledger import LotChange
from loyalty.domain.rewards import RewardVoucher
from loyalty.services.ports import ChangeRefused, MemberChange
from loyalty.services.reward_ports import Redemption, RedemptionChange, RedemptionContext
from tests.support.examples import NOW
from tests.support.store_contract import member, new_member
from tests.support.voucher_store_contract import issued
from tests.support.vouchers import EXPIRES_AT, a_reward

MUG = a_reward(10, stock=3, tiers=("gold",), voucher=RewardVoucher("percent", percent=10))


def a_redemption(redemption_id: str = "R-1") -> Redemption:
    return Redemption(
        redemption_id=redemption_id,
        member_id="ada",
        reward_id="mug",
        quantity=1,
        points=10,
        state="redeemed",
        redeemed_at=NOW,
        taken=(LotChange(EXPIRES_AT, -10),),
        stock_taken=1,
        voucher_codes=("c",),
        spent_by="ada",
        answer={"points": 10},
    )


@pytest.fixture
def vouchers(tables: Tables) -> DynamoVoucherStore:
    return DynamoVoucherStore(tables, bind_vouchers(tables, "VouchersTable"))


@pytest.fixture
def rewards(tables: Tables, vouchers: DynamoVoucherStore) -> DynamoRewardStore:
    store = DynamoRewardStore(tables)
    store.add(MUG)
    return store


@pytest.fixture
def write(store: DynamoMemberStore) -> Callable[[RedemptionChange], None]:
    """Write a redemption alone; ada is a customer."""
    store.commit(new_member("ada"))
    return lambda change: store.commit(MemberChange(None, redemption=change))


Write = Callable[[RedemptionChange], None]


def stock(rewards: DynamoRewardStore) -> int | None:
    found = rewards.reward("mug")
    return found.stock if found else None


def test_all_is_read_as_it_was_written(rewards: DynamoRewardStore, write: Write) -> None:
    assert rewards.context("ada", "R-1", "mug") == RedemptionContext(member("ada"), None, MUG)
    write(RedemptionChange(a_redemption()))
    found = rewards.context("ada", "R-1", None)
    assert found == RedemptionContext(member("ada"), a_redemption(), None)
    assert rewards.context("bob", "R-1", "cup") == RedemptionContext(None, None, None)


def test_a_redemption_is_written_once_and_reversed_once(
    rewards: DynamoRewardStore, write: Write
) -> None:
    undone = replace(a_redemption(), state="reversed", reversed_at=NOW, reversal_answer={})
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(undone))
    write(RedemptionChange(a_redemption(), stock=1, reward_revision=1))
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(a_redemption(), stock=1, reward_revision=1))
    write(RedemptionChange(undone, stock=-1, reward_revision=1))
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(undone, stock=-1, reward_revision=1))
    assert stock(rewards) == 3


def test_no_more_than_the_stock_is_taken(rewards: DynamoRewardStore, write: Write) -> None:
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(a_redemption(), stock=4, reward_revision=1))
    write(RedemptionChange(a_redemption(), stock=3, reward_revision=1))
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(a_redemption("R-2"), stock=1, reward_revision=1))
    assert stock(rewards) == 0


def test_a_reward_that_changed_meanwhile_is_decided_on_again(
    rewards: DynamoRewardStore, write: Write
) -> None:
    rewards.change(replace(MUG, revision=2, points=20), sets_stock=False)
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(a_redemption(), stock=1, reward_revision=1))
    with pytest.raises(ChangeRefused):
        rewards.change(replace(MUG, revision=2, points=30), sets_stock=False)
    write(RedemptionChange(a_redemption(), stock=1, reward_revision=2))
    found = rewards.reward("mug")
    assert found == replace(MUG, revision=2, points=20, stock=2)


def test_without_a_limit_there_is_nothing_to_put_back_to(
    rewards: DynamoRewardStore, write: Write
) -> None:
    rewards.change(replace(MUG, revision=2, stock=None), sets_stock=True)
    with pytest.raises(ChangeRefused):
        write(RedemptionChange(a_redemption(), stock=-1, reward_revision=2))
    assert stock(rewards) is None


def test_a_voucher_that_cannot_be_issued_stops_the_whole_redemption(
    rewards: DynamoRewardStore, vouchers: DynamoVoucherStore, write: Write
) -> None:
    step = issued(1, member_id="ada")
    vouchers.commit(step)
    change = RedemptionChange(a_redemption(), stock=1, reward_revision=1, vouchers=(step,))
    with pytest.raises(ChangeRefused):
        write(change)
    assert stock(rewards) == 3
    write(replace(change, vouchers=(issued(2, member_id="ada"),)))
    found, given = rewards.given("mug", [step.voucher.code, issued(2).voucher.code])
    assert found == replace(MUG, stock=2)
    assert {voucher.voucher_id for voucher in given} == {"V-1", "V-2"}


def test_an_id_is_added_once(rewards: DynamoRewardStore) -> None:
    assert rewards.add(replace(MUG, points=99)) == MUG
