"""Rewards and redemptions over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.contracts.values import POINTS_LIMIT, Contract, Key, Sku, Text, Timestamp
from loyalty.contracts.vouchers import BenefitFields, VoucherView
from loyalty.domain.rewards import RewardVoucher

DEFAULT_VALID_DAYS = 90
MAX_QUANTITY = 20

Points = Annotated[int, Field(strict=True, ge=1, le=POINTS_LIMIT)]
Stock = Annotated[int, Field(strict=True, ge=0, le=POINTS_LIMIT)]
Tiers = Annotated[tuple[Key, ...], Field(max_length=20)]
ValidDays = Annotated[int, Field(strict=True, ge=1, le=3_650)]
RewardKind = Literal["voucher", "product", "gift", "access"]


class RewardVoucherRequest(BenefitFields):
    """The voucher that a reward gives, valid until `expires_at` or for `valid_days` days."""

    valid_days: ValidDays | None = None
    expires_at: Timestamp | None = None

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        if self.valid_days is not None and self.expires_at is not None:
            raise ValueError("give valid_days or expires_at")
        return self

    def to_domain(self) -> RewardVoucher:
        valid_days = self.valid_days
        if valid_days is None and self.expires_at is None:
            valid_days = DEFAULT_VALID_DAYS
        return RewardVoucher(
            kind=self.kind,
            percent=self.percent,
            amount_minor=self.amount.amount_minor if self.amount else None,
            sku=self.sku,
            valid_days=valid_days,
            expires_at=self.expires_at,
            minimum_order_minor=self.minimum_order.amount_minor if self.minimum_order else 0,
            stores=self.stores,
            categories=self.categories,
        )


class RewardRequest(Contract):
    """Something that `points` buy one piece of; without `stock` there is no end of it."""

    reward_id: Key
    name: Text
    kind: RewardKind
    points: Points
    stock: Stock | None = None
    tiers: Tiers = ()
    sku: Sku | None = None
    voucher: RewardVoucherRequest | None = None

    @model_validator(mode="after")
    def _gives_what_it_says(self) -> Self:
        if self.kind == "voucher" and self.voucher is None:
            raise ValueError("a reward of kind voucher says which voucher")
        return self


class RewardUpdate(Contract):
    """What changes; fields that are absent stay. `stock` is what is left from now on."""

    name: Text | None = None
    points: Points | None = None
    stock: Stock | None = None
    tiers: Tiers | None = None
    sku: Sku | None = None
    voucher: RewardVoucherRequest | None = None

    @model_validator(mode="after")
    def _keeps_what_it_needs(self) -> Self:
        for name in ("name", "points", "tiers"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"a reward needs {name}")
        return self


class RewardVoucherView(Contract):
    """Amounts are in the program's currency."""

    kind: str
    percent: int | None
    amount_minor: int | None
    sku: str | None
    valid_days: int | None
    expires_at: Timestamp | None
    minimum_order_minor: int
    stores: tuple[str, ...]
    categories: tuple[str, ...]


class RewardView(Contract):
    reward_id: str
    revision: int
    name: str
    kind: RewardKind
    points: int
    stock: int | None
    tiers: tuple[str, ...]
    sku: str | None
    voucher: RewardVoucherView | None
    retired_at: Timestamp | None


class RewardPage(Contract):
    items: tuple[RewardView, ...]
    next_cursor: str | None


class RedemptionRequest(Contract):
    """Each `redemption_id` counts once per member."""

    redemption_id: Key
    reward_id: Key
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)] = 1


class RedemptionAnswer(Contract):
    """What was spent and what is left; `voucher` is the first of `vouchers`."""

    redemption_id: str
    reward_id: str
    quantity: int
    points: int
    points_available: int
    voucher: VoucherView | None
    vouchers: tuple[VoucherView, ...]


class RedemptionReversalAnswer(Contract):
    """What was given back."""

    redemption_id: str
    points: int
    points_available: int
