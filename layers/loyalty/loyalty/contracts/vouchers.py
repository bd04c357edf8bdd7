"""Vouchers over HTTP: issuing, asking what they are worth, using and ending them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.contracts.orders import MAX_LINES, OrderCustomer, OrderLine
from loyalty.contracts.values import (
    AMOUNT_LIMIT_MINOR,
    Contract,
    Key,
    Money,
    Sku,
    Text,
    Timestamp,
)
from loyalty.domain import orders
from loyalty.domain.voucher_terms import Basket, Terms
from loyalty.domain.voucher_uses import UseRequest

BATCH_LIMIT = 1_000

Percent = Annotated[int, Field(strict=True, ge=1, le=100)]
SpentMinor = Annotated[int, Field(strict=True, ge=1, le=AMOUNT_LIMIT_MINOR)]
Keys = Annotated[tuple[Key, ...], Field(max_length=100)]
Categories = Annotated[tuple[Text, ...], Field(max_length=100)]
# A code as people type it; what is no code is no voucher, not a mistake of the request.
TypedCode = Annotated[str, Field(max_length=100)]


class BenefitFields(Contract):
    """What a voucher is good for: exactly what its `kind` says of percent, amount and sku."""

    kind: Literal["percent", "amount", "product", "gift"]
    percent: Percent | None = None
    amount: Money | None = None
    sku: Sku | None = None
    minimum_order: Money | None = None
    stores: Keys = ()
    categories: Categories = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        given = {name for name in ("percent", "amount", "sku") if getattr(self, name) is not None}
        wanted = {"percent": {"percent"}, "amount": {"amount"}}.get(self.kind, {"sku"})
        if given != wanted:
            raise ValueError(f"a voucher of kind {self.kind} has {', '.join(wanted)} and no other")
        if self.amount and self.amount.amount_minor == 0:
            raise ValueError("an amount of nothing is no voucher")
        currencies = {money.currency for money in (self.amount, self.minimum_order) if money}
        if len(currencies) > 1:
            raise ValueError("amount and minimum_order are in one currency")
        return self

    @property
    def currency(self) -> str | None:
        """The currency that the amounts name; None when there is none."""
        named = self.amount or self.minimum_order
        return named.currency if named else None


class PeriodFields(BenefitFields):
    """A voucher is valid in [`valid_from`, `expires_at`), from now on when it does not say."""

    valid_from: Timestamp | None = None
    expires_at: Timestamp

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_from >= self.expires_at:
            raise ValueError("valid_from must be before expires_at")
        return self

    def to_domain(self, currency: str, now: datetime, *, member_limit: int | None = None) -> Terms:
        """Return the terms of a voucher that is issued now."""
        return Terms(
            kind=self.kind,
            currency=self.currency or currency,
            valid_from=self.valid_from or now,
            expires_at=self.expires_at,
            percent=self.percent,
            amount_minor=self.amount.amount_minor if self.amount else None,
            sku=self.sku,
            minimum_order_minor=self.minimum_order.amount_minor if self.minimum_order else 0,
            stores=self.stores,
            categories=self.categories,
            member_limit=member_limit,
        )


class VoucherRequest(PeriodFields):
    """One voucher, for a member or for whoever holds it; each `voucher_id` is issued once."""

    voucher_id: Key
    member_id: Key | None = None


class VoucherBatchRequest(PeriodFields):
    """Vouchers of one kind: one for each member, or `count` for whoever holds them.

    `per_member_limit` is how many uses of the batch one member may have.
    """

    batch_id: Annotated[Key, Field(max_length=80)]
    count: Annotated[int, Field(strict=True, ge=1, le=BATCH_LIMIT)] | None = None
    member_ids: Annotated[tuple[Key, ...], Field(max_length=BATCH_LIMIT)] = ()
    per_member_limit: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None

    @model_validator(mode="after")
    def _for_members_or_anybody(self) -> Self:
        if (self.count is None) == (not self.member_ids):
            raise ValueError("give either count or member_ids")
        if len(set(self.member_ids)) != len(self.member_ids):
            raise ValueError("a member is named twice")
        return self


class BasketRequest(Contract):
    """What is bought; all but the total may be left out, and an order's other fields are taken."""

    total: Money
    lines: Annotated[tuple[OrderLine, ...], Field(max_length=MAX_LINES)] = ()
    store_id: Key | None = None
    customer: OrderCustomer = OrderCustomer()
    source: Key | None = None
    order_id: Key | None = None
    occurred_at: Timestamp | None = None

    def to_domain(self) -> Basket:
        return Basket(
            total=orders.Money(self.total.amount_minor, self.total.currency),
            lines=tuple(line.to_domain() for line in self.lines),
            store_id=self.store_id,
            member_id=self.customer.member_id,
        )


class ValidationRequest(Contract):
    order: BasketRequest


class VoucherUseRequest(Contract):
    """`amount_minor` is a part of an amount; without it all that is left, or as the order needs."""

    redemption_id: Key
    order_id: Key
    amount_minor: SpentMinor | None = None
    store_id: Key | None = None
    member_id: Key | None = None
    order: BasketRequest | None = None

    def to_domain(self) -> UseRequest:
        return UseRequest(
            redemption_id=self.redemption_id,
            order_id=self.order_id,
            amount_minor=self.amount_minor,
            store_id=self.store_id,
            member_id=self.member_id,
            basket=self.order.to_domain() if self.order else None,
        )


class RollbackRequest(Contract):
    """The reservation or redemption to undo as a whole; what else is given must be its own."""

    redemption_id: Key
    order_id: Key | None = None
    amount_minor: SpentMinor | None = None
    store_id: Key | None = None


class CancellationRequest(Contract):
    """`reason` is for finance: no personal data in it.

    Who has reserved the voucher can end it by naming that redemption. Order, amount and store are
    taken as in the other requests, and not needed.
    """

    reason: Text = "cancelled by staff"
    redemption_id: Key | None = None
    order_id: Key | None = None
    amount_minor: SpentMinor | None = None
    store_id: Key | None = None


class ReservationView(Contract):
    redemption_id: str
    order_id: str
    amount: Money | None
    until: Timestamp


class VoucherView(Contract):
    """A voucher at the moment of asking; `remaining` is what is left of an amount."""

    code: str
    voucher_id: str
    state: Literal["issued", "reserved", "redeemed", "expired", "cancelled"]
    kind: Literal["percent", "amount", "product", "gift"]
    percent: int | None
    amount: Money | None
    remaining: Money | None
    sku: str | None
    member_id: str | None
    batch_id: str | None
    valid_from: Timestamp
    expires_at: Timestamp
    minimum_order: Money | None
    stores: tuple[str, ...]
    categories: tuple[str, ...]
    per_member_limit: int | None
    cause: str
    issued_at: Timestamp
    reservation: ReservationView | None


class VoucherPage(Contract):
    items: tuple[VoucherView, ...]
    next_cursor: str | None


class ValidationAnswer(Contract):
    """Whether the voucher can be redeemed on this order now; `reason` is a problem's code."""

    valid: bool
    reason: str | None
    discount: Money


class VoucherUseAnswer(Contract):
    """What a reservation, redemption or roll-back did; `state` is the voucher's afterwards."""

    redemption_id: str
    order_id: str
    voucher_id: str
    state: Literal["issued", "reserved", "redeemed", "expired", "cancelled"]
    redemption_state: Literal["reserved", "redeemed", "rolled_back"]
    amount: Money | None
    remaining: Money | None
    reserved_until: Timestamp | None


class VoucherBatchAnswer(Contract):
    """The codes of a batch, in the order of its members."""

    batch_id: str
    count: int
    codes: tuple[str, ...]


class ExpiryReport(Contract):
    """What one run of the job did; `more` when it has to be called again."""

    expired: int
    more: bool
