"""Vouchers, rewards and redemptions in memory, for tests of the use cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from typing import TYPE_CHECKING

from loyalty.domain.reward_errors import VoucherLimitReached
from loyalty.domain.rewards import Reward
from loyalty.domain.voucher_codes import RANDOM_CHARACTERS, complete
from loyalty.domain.vouchers import ENDED, Voucher, VoucherFact, VoucherStep, VoucherUse
from loyalty.services.ports import ChangeRefused
from loyalty.services.reward_ports import Redemption, RedemptionChange, RedemptionContext
from loyalty.services.voucher_ports import VoucherBatch, VoucherContext, VoucherIdTaken

if TYPE_CHECKING:
    from tests.support.fakes import FakeMemberStore


class FakeVoucherCodes:
    """Codes that follow each other."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        rest, last = divmod(next(self._numbers), 32)
        return complete([0] * (RANDOM_CHARACTERS - 2) + [rest, last])


class FakeVoucherStore:
    """A `VoucherStore` that refuses what DynamoDB would; `voucher_store_contract` holds it to that.

    All vouchers are in one shard of their day. `refusals` lets the next commits fail as a
    conflicting transaction would.
    """

    def __init__(self) -> None:
        self.all: dict[str, Voucher] = {}
        self.uses: dict[tuple[str, str], VoucherUse] = {}
        self.facts: dict[tuple[str, int], VoucherFact] = {}
        self.ids: dict[str, str | None] = {}
        self.used: dict[tuple[str, str], int] = {}
        self.batches: dict[str, VoucherBatch] = {}
        self.requests = 0
        self.refusals = 0

    def voucher(self, code: str) -> Voucher | None:
        self.requests += 1
        return self.all.get(code)

    def vouchers(self, codes: Sequence[str]) -> Sequence[Voucher]:
        self.requests += 1
        return [self.all[code] for code in codes if code in self.all]

    def context(self, code: str, redemption_id: str) -> VoucherContext:
        self.requests += 1
        return VoucherContext(self.all.get(code), self.uses.get((code, redemption_id)))

    def codes(self, voucher_ids: Sequence[str]) -> Mapping[str, str]:
        self.requests += 1
        codes = {name: self.ids.get(name) for name in voucher_ids}
        return {name: code for name, code in codes.items() if code is not None}

    def bar(self, voucher_id: str) -> None:
        self.requests += 1
        if self.ids.setdefault(voucher_id, None) is not None:
            raise ChangeRefused("ConditionalCheckFailed")

    def commit(self, *steps: VoucherStep) -> None:
        self.requests += 1
        if self.refusals:
            self.refusals -= 1
            raise ChangeRefused("TransactionConflict")
        self.check(*steps)
        self.write(*steps)

    def check(self, *steps: VoucherStep) -> None:
        """Raise as the conditions of the transaction would."""
        for step in steps:
            voucher = step.voucher
            if not step.version_before and voucher.voucher_id in self.ids:
                raise VoucherIdTaken(self.ids[voucher.voucher_id])
            stored = self.all.get(voucher.code)
            if (stored.version if stored else 0) != step.version_before:
                raise ChangeRefused("ConditionalCheckFailed")
            limit = voucher.terms.member_limit
            if step.counted > 0 and limit is not None and self._used(step) >= limit:
                raise VoucherLimitReached

    def write(self, *steps: VoucherStep) -> None:
        for step in steps:
            voucher = step.voucher
            self.all[voucher.code] = voucher
            self.ids[voucher.voucher_id] = voucher.code
            for fact in step.facts:
                self.facts[voucher.code, fact.voucher_version] = fact
            if step.use:
                self.uses[voucher.code, step.use.redemption_id] = step.use
            if step.counted:
                self.used[_counted(step)] = self._used(step) + step.counted

    def vouchers_of(
        self, member_ids: Sequence[str], *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Voucher], str | None]:
        self.requests += len(member_ids) + 1
        own = [voucher for voucher in self.all.values() if voucher.member_id in member_ids]
        own.sort(key=lambda voucher: (voucher.issued_at, voucher.code), reverse=True)
        start = int(cursor or 0)
        rest = start + limit
        return own[start:rest], str(rest) if rest < len(own) else None

    def expiring(self, day: date, shard: int, *, until: datetime, limit: int) -> Sequence[str]:
        self.requests += 1
        found = [
            voucher
            for voucher in self.all.values()
            if voucher.state not in ENDED
            and voucher.end_at <= until
            and voucher.end_at.date() == day
            and shard == 0
        ]
        found.sort(key=lambda voucher: (voucher.end_at, voucher.code))
        return [voucher.code for voucher in found[:limit]]

    def open_batch(self, batch: VoucherBatch) -> VoucherBatch:
        self.requests += 1
        return self.batches.setdefault(batch.batch_id, batch)

    def _used(self, step: VoucherStep) -> int:
        return self.used.get(_counted(step), 0)


class FakeRewardStore:
    """A `RewardStore` beside a member store, whose commits write redemptions too."""

    def __init__(self, members: FakeMemberStore) -> None:
        self._members = members
        self.vouchers = FakeVoucherStore()
        self.catalogue: dict[str, Reward] = {}
        self.redemptions: dict[tuple[str, str], Redemption] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FakeRewardStore) and self._stored() == other._stored()

    __hash__ = None  # type: ignore[assignment]

    def context(
        self, member_id: str, redemption_id: str, reward_id: str | None
    ) -> RedemptionContext:
        self._members.requests += 1
        return RedemptionContext(
            self._members.members.get(member_id),
            self.redemptions.get((member_id, redemption_id)),
            self.catalogue.get(reward_id) if reward_id else None,
        )

    def given(
        self, reward_id: str, codes: Sequence[str]
    ) -> tuple[Reward | None, Sequence[Voucher]]:
        self._members.requests += 1
        return self.catalogue.get(reward_id), self.vouchers.vouchers(codes)

    def reward(self, reward_id: str) -> Reward | None:
        return self.catalogue.get(reward_id)

    def rewards(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Reward], str | None]:
        start = int(cursor or 0)
        rest = start + limit
        names = sorted(self.catalogue)
        page = [self.catalogue[name] for name in names[start:rest]]
        return page, str(rest) if rest < len(names) else None

    def add(self, reward: Reward) -> Reward:
        return self.catalogue.setdefault(reward.reward_id, reward)

    def change(self, reward: Reward, *, sets_stock: bool) -> None:
        before = self.catalogue[reward.reward_id]
        if before.revision != reward.revision - 1:
            raise ChangeRefused("ConditionalCheckFailed")
        stock = reward.stock if sets_stock else before.stock
        self.catalogue[reward.reward_id] = replace(reward, stock=stock)

    def check(self, change: RedemptionChange) -> None:
        """Raise as the conditions of the member's transaction would."""
        redemption = change.redemption
        stored = self.redemptions.get((redemption.member_id, redemption.redemption_id))
        wanted = None if redemption.state == "redeemed" else "redeemed"
        if (stored.state if stored else None) != wanted:
            raise ChangeRefused("ConditionalCheckFailed")
        if change.stock:
            reward = self.catalogue.get(redemption.reward_id)
            if reward is None or reward.stock is None or reward.stock < change.stock:
                raise ChangeRefused("ConditionalCheckFailed")
            if reward.revision != change.reward_revision:
                raise ChangeRefused("ConditionalCheckFailed")
        self.vouchers.check(*change.vouchers)

    def write(self, change: RedemptionChange) -> None:
        redemption = change.redemption
        self.redemptions[redemption.member_id, redemption.redemption_id] = redemption
        if change.stock:
            reward = self.catalogue[redemption.reward_id]
            stock = (reward.stock or 0) - change.stock
            self.catalogue[redemption.reward_id] = replace(reward, stock=stock)
        self.vouchers.write(*change.vouchers)

    def _stored(self) -> list[object]:
        vouchers = self.vouchers
        kept = [vouchers.all, vouchers.uses, vouchers.facts, vouchers.ids, vouchers.used]
        return [self.catalogue, self.redemptions, vouchers.batches, *kept]


def _counted(step: VoucherStep) -> tuple[str, str]:
    assert step.use is not None
    return step.voucher.batch_id or step.voucher.voucher_id, str(step.use.member_id)
