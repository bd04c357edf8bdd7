"""Rewards: what points buy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from loyalty.domain.reward_errors import OutOfStock, RewardNotAvailable
from loyalty.domain.voucher_terms import Terms, VoucherKind, valid_until

RewardKind = Literal["voucher", "product", "gift", "access"]


@dataclass(frozen=True, slots=True)
class RewardVoucher:
    """The voucher that a reward gives.

    It is valid until `expires_at`, or for `valid_days` program days after its day of issue.
    """

    kind: VoucherKind
    percent: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    valid_days: int | None = None
    expires_at: datetime | None = None
    minimum_order_minor: int = 0
    stores: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def terms(self, currency: str, at: datetime, zone: ZoneInfo) -> Terms:
        """Return the terms of a voucher that is given at an instant."""
        by_days = valid_until(at, self.valid_days or 0, zone)
        return Terms(
            kind=self.kind,
            currency=currency,
            valid_from=at,
            expires_at=self.expires_at or by_days,
            percent=self.percent,
            amount_minor=self.amount_minor,
            sku=self.sku,
            minimum_order_minor=self.minimum_order_minor,
            stores=self.stores,
            categories=self.categories,
        )


@dataclass(frozen=True, slots=True)
class Reward:
    """Something that `points` buy one piece of.

    `revision` counts what staff changed, from 1; redemptions do not count. `stock` is what is left,
    None without limit. Empty `tiers` mean all. `sku` names the thing of a product or gift.
    """

    reward_id: str
    revision: int
    name: str
    kind: RewardKind
    points: int
    stock: int | None = None
    tiers: tuple[str, ...] = ()
    sku: str | None = None
    voucher: RewardVoucher | None = None
    retired_at: datetime | None = None


def require_available(reward: Reward, tier: str | None, quantity: int, at: datetime) -> None:
    """Pass when a member of `tier` can have so many pieces of a reward at an instant.

    Raises
    ------
    RewardNotAvailable
        It is retired, its voucher would be over, or it is for other tiers.
    OutOfStock
        There are fewer left.
    """
    if reward.retired_at is not None:
        raise RewardNotAvailable(f"{reward.reward_id} is retired")
    if reward.voucher and reward.voucher.expires_at and reward.voucher.expires_at <= at:
        raise RewardNotAvailable(f"the voucher of {reward.reward_id} is over")
    if reward.tiers and tier not in reward.tiers:
        raise RewardNotAvailable(f"{reward.reward_id} is not for {tier}")
    if reward.stock is not None and reward.stock < quantity:
        raise OutOfStock(f"{reward.stock} left of {reward.reward_id}")


def needs_address(reward: Reward, address: str | None) -> bool:
    """Tell whether a reward is sent by post, and the member's address is missing."""
    return reward.kind == "gift" and not address
