"""The catalogue of rewards in ProgramTable, redemptions in MembersTable, and their mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.keys import Key, member_pk
from loyalty.adapters.dynamodb.tables import MembersItem, ProgramItem
from loyalty.domain.ledger import LotChange
from loyalty.domain.rewards import Reward, RewardKind, RewardVoucher
from loyalty.services.reward_ports import Redemption, RedemptionState

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

REWARDS = "REWARDS"
REWARD_PREFIX = "REWARD#"


def reward_key(reward_id: str) -> Key:
    """Return the key of a reward; one partition is the whole catalogue, by id."""
    return REWARDS, f"{REWARD_PREFIX}{reward_id}"


def redemption_key(member_id: str, redemption_id: str) -> Key:
    """Return the key of a redemption."""
    return member_pk(member_id), f"REDEMPTION#{redemption_id}"


class RewardItem(ProgramItem, discriminator="reward"):
    """A reward; `stock` moves with redemptions, all else with staff's revisions."""

    reward_id = UnicodeAttribute()
    revision = IntegerAttribute()
    name = UnicodeAttribute()
    kind = WordAttribute[RewardKind]()
    points = IntegerAttribute()
    stock = IntegerAttribute(null=True)
    tiers = DocumentAttribute(tuple[str, ...])
    sku = UnicodeAttribute(null=True)
    voucher = DocumentAttribute(RewardVoucher, null=True)
    retired_at = InstantAttribute(null=True)

    @classmethod
    def of(cls, reward: Reward) -> RewardItem:
        return cls(
            *reward_key(reward.reward_id),
            reward_id=reward.reward_id,
            revision=reward.revision,
            name=reward.name,
            kind=reward.kind,
            points=reward.points,
            stock=reward.stock,
            tiers=reward.tiers,
            sku=reward.sku,
            voucher=reward.voucher,
            retired_at=reward.retired_at,
        )

    def reward(self) -> Reward:
        return Reward(
            reward_id=self.reward_id,
            revision=self.revision,
            name=self.name,
            kind=self.kind,
            points=self.points,
            stock=self.stock,
            tiers=self.tiers,
            sku=self.sku,
            voucher=self.voucher,
            retired_at=self.retired_at,
        )

    def revising(self, *, sets_stock: bool) -> list[Action]:
        """Return what makes this the stored revision; the stock, when it is not set, goes on."""
        attributes = self.get_attributes()
        kept = {"pk", "sk", "item_type"} | (set() if sets_stock else {"stock"})
        return [
            attribute.set(getattr(self, name))
            if getattr(self, name) is not None
            else attribute.remove()
            for name, attribute in attributes.items()
            if name not in kept
        ]


class RedemptionItem(MembersItem, discriminator="redemption"):
    """Points spent on a reward, under the caller's own id."""

    redemption_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    reward_id = UnicodeAttribute()
    quantity = IntegerAttribute()
    points = IntegerAttribute()
    state = WordAttribute[RedemptionState]()
    redeemed_at = InstantAttribute()
    taken = DocumentAttribute(tuple[LotChange, ...])
    stock_taken = IntegerAttribute()
    voucher_codes = DocumentAttribute(tuple[str, ...])
    answer = DocumentAttribute(dict[str, object])
    task_id = UnicodeAttribute(null=True)
    spent_by = UnicodeAttribute(null=True)
    reversed_at = InstantAttribute(null=True)
    reversal_answer = DocumentAttribute(dict[str, object], null=True)

    @classmethod
    def of(cls, redemption: Redemption) -> RedemptionItem:
        return cls(
            *redemption_key(redemption.member_id, redemption.redemption_id),
            redemption_id=redemption.redemption_id,
            member_id=redemption.member_id,
            reward_id=redemption.reward_id,
            quantity=redemption.quantity,
            points=redemption.points,
            state=redemption.state,
            redeemed_at=redemption.redeemed_at,
            taken=redemption.taken,
            stock_taken=redemption.stock_taken,
            voucher_codes=redemption.voucher_codes,
            answer=redemption.answer,
            task_id=redemption.task_id,
            spent_by=redemption.spent_by,
            reversed_at=redemption.reversed_at,
            reversal_answer=redemption.reversal_answer,
        )

    def redemption(self) -> Redemption:
        return Redemption(
            redemption_id=self.redemption_id,
            member_id=self.member_id,
            reward_id=self.reward_id,
            quantity=self.quantity,
            points=self.points,
            state=self.state,
            redeemed_at=self.redeemed_at,
            taken=self.taken,
            stock_taken=self.stock_taken,
            voucher_codes=self.voucher_codes,
            answer=self.answer,
            task_id=self.task_id,
            spent_by=self.spent_by,
            reversed_at=self.reversed_at,
            reversal_answer=self.reversal_answer,
        )
