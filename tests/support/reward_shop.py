"""A retailer with rewards and vouchers, through the use cases, on the in-memory stores."""

from __future__ import annotations

from loyalty.contracts.rewards import (
    RedemptionAnswer,
    RedemptionRequest,
    RedemptionReversalAnswer,
)
from loyalty.domain.rewards import Reward
from loyalty.services.redeem_reward import redeem_reward
from loyalty.services.redeem_voucher import redeem_voucher
from loyalty.services.reverse_redemption import reverse_redemption
from loyalty.services.roll_back_voucher import roll_back_voucher
from tests.support.fakes import FakeTaskStore
from tests.support.reward_fakes import FakeVoucherCodes
from tests.support.shop import Shop
from tests.support.vouchers import a_request


class RewardShop(Shop):
    def __init__(self, *rewards: Reward) -> None:
        super().__init__()
        self.codes = FakeVoucherCodes()
        self.tasks = FakeTaskStore(self.store)
        for reward in rewards:
            self.store.rewards.add(reward)

    def stock(self, reward_id: str = "mug") -> int | None:
        return self.store.rewards.catalogue[reward_id].stock

    def redeem(
        self, member_id: str, redemption_id: str = "R-1", reward_id: str = "mug", quantity: int = 1
    ) -> tuple[RedemptionAnswer, bool]:
        return redeem_reward(
            member_id,
            RedemptionRequest(redemption_id=redemption_id, reward_id=reward_id, quantity=quantity),
            store=self.store,
            rewards=self.store.rewards,
            codes=self.codes,
            ids=self.ids,
            program=self.program,
            clock=self.clock,
        )

    def reverse(
        self, member_id: str, redemption_id: str = "R-1", *, by: str | None = None
    ) -> RedemptionReversalAnswer:
        return reverse_redemption(
            member_id,
            redemption_id,
            own_member_id=by,
            store=self.store,
            rewards=self.store.rewards,
            tasks=self.tasks,
            program=self.program,
            clock=self.clock,
        )

    def spend(
        self,
        code: str,
        redemption_id: str = "U-1",
        amount_minor: int | None = None,
        *,
        by: str | None = None,
    ) -> None:
        redeem_voucher(
            code,
            a_request(redemption_id, amount_minor, member_id=by),
            vouchers=self.store.rewards.vouchers,
            store=self.store,
            program=self.program,
            clock=self.clock,
        )

    def unspend(self, code: str, redemption_id: str = "U-1") -> None:
        roll_back_voucher(
            code, redemption_id, vouchers=self.store.rewards.vouchers, clock=self.clock
        )
