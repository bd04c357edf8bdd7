"""Orders, returns and quotes, as every door takes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from loyalty.contracts.values import (
    AmountMinor,
    Card,
    Contract,
    Email,
    Key,
    Money,
    PersonName,
    Phone,
    Quantity,
    Sku,
    Text,
    Timestamp,
)
from loyalty.domain import orders
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.member import Channel, Identity

MAX_LINES = 500

Benefits = Annotated[tuple[Key, ...], Field(max_length=20)]


class ConsentFlags(Contract):
    """What the customer agreed to, per channel; a channel that is absent stays as it is."""

    email: StrictBool | None = None
    sms: StrictBool | None = None
    push: StrictBool | None = None

    def given(self) -> dict[Channel, bool]:
        """Return the channels that were said something about."""
        flags: dict[Channel, bool | None] = {
            "email": self.email,
            "sms": self.sms,
            "push": self.push,
        }
        return {channel: flag for channel, flag in flags.items() if flag is not None}


class IdentityFields(Contract):
    """Ways to know a customer; `phone` is E.164."""

    email: Email | None = None
    phone: Phone | None = None
    card: Card | None = None
    external_id: Card | None = None

    def given_identities(self) -> tuple[Identity, ...]:
        """Return what is given, normalised, strongest first."""
        return identities(
            card=self.card, external_id=self.external_id, email=self.email, phone=self.phone
        )


class OrderCustomer(IdentityFields):
    member_id: Key | None = None
    name: PersonName | None = None
    consent: ConsentFlags = ConsentFlags()

    def to_domain(self) -> CustomerRef:
        return CustomerRef(
            member_id=self.member_id,
            identities=self.given_identities(),
            name=self.name,
            consents=self.consent.given(),
        )


class OrderLine(Contract):
    """`amount_minor` is the line's total in the order's currency, tax included, after discounts."""

    sku: Sku
    category: Text | None = None
    quantity: Quantity
    amount_minor: AmountMinor
    kind: Literal["product", "shipping", "gift_card", "fee"] = "product"

    def to_domain(self) -> orders.OrderLine:
        return orders.OrderLine(
            sku=self.sku,
            quantity=self.quantity,
            amount_minor=self.amount_minor,
            kind=self.kind,
            category=self.category,
        )


class Tender(Contract):
    kind: Literal["cash", "card", "gift_card", "points", "voucher", "other"]
    amount_minor: AmountMinor

    def to_domain(self) -> orders.Tender:
        return orders.Tender(kind=self.kind, amount_minor=self.amount_minor)


class OrderRequest(Contract):
    """A fulfilled order. `source` and `order_id` name it for ever.

    `occurred_at` decides every rule. Each of `offer_ids` is used by the order's member, once it is
    accepted; `voucher_codes` are only kept: the till redeems vouchers itself.
    """

    source: Key
    order_id: Key
    occurred_at: Timestamp
    store_id: Key | None = None
    customer: OrderCustomer = OrderCustomer()
    total: Money
    lines: Annotated[tuple[OrderLine, ...], Field(max_length=MAX_LINES)] = ()
    tenders: Annotated[tuple[Tender, ...], Field(max_length=20)] = ()
    voucher_codes: Benefits = ()
    offer_ids: Benefits = ()

    def to_domain(self, *, historic: bool = False) -> orders.Order:
        """Return the order; `historic` marks imported history, which invites nobody old."""
        return orders.Order(
            key=orders.OrderKey(self.source, self.order_id),
            occurred_at=self.occurred_at,
            total=orders.Money(self.total.amount_minor, self.total.currency),
            lines=tuple(line.to_domain() for line in self.lines),
            tenders=tuple(tender.to_domain() for tender in self.tenders),
            store_id=self.store_id,
            historic=historic,
            offer_ids=tuple(dict.fromkeys(self.offer_ids)),
            voucher_codes=self.voucher_codes,
        )


class ReturnLine(Contract):
    """Goods that came back; without `amount_minor`.

    The line's amount in proportion to the quantity.
    """

    sku: Sku
    quantity: Quantity
    amount_minor: AmountMinor | None = None


class ReturnRequest(Contract):
    """Either `amount` or `lines`."""

    return_id: Key
    occurred_at: Timestamp
    amount: Money | None = None
    lines: Annotated[tuple[ReturnLine, ...], Field(max_length=MAX_LINES)] = ()

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.amount is None) == (not self.lines):
            raise ValueError("give either amount or lines")
        return self

    def to_domain(self) -> orders.Return:
        return orders.Return(
            return_id=self.return_id,
            occurred_at=self.occurred_at,
            amount=orders.Money(self.amount.amount_minor, self.amount.currency)
            if self.amount
            else None,
            lines=tuple(
                orders.ReturnLine(line.sku, line.quantity, line.amount_minor) for line in self.lines
            ),
        )


class GoodsReturned(ReturnRequest):
    """A return as an event or a line of a bulk file, where no URL names its order."""

    source: Key
    order_id: Key

    @property
    def key(self) -> orders.OrderKey:
        return orders.OrderKey(self.source, self.order_id)


class OrderAnswer(Contract):
    """What an accepted order did; a duplicate gets the first answer again."""

    member_id: str | None
    status: str | None
    tier: str | None
    points_earned: int
    points_pending: int
    points_available: int
    lifetime_spend: Money
    threshold_crossed: bool
    identity_conflict: bool = False


class ReturnAnswer(Contract):
    """What a return took back; `waiting` when its order was not seen yet."""

    points_reversed: int
    points_available: int | None = None
    waiting: bool = False


class QuoteAnswer(Contract):
    """What an order would earn."""

    points: int
    eligible: Money
    threshold_crossed: bool
