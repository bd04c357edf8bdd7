"""Orders and returns: what is eligible, what it earns, and what a return takes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

LineKind = Literal["product", "shipping", "gift_card", "fee"]
TenderKind = Literal["cash", "card", "gift_card", "points", "voucher", "other"]


@dataclass(frozen=True, slots=True)
class OrderKey:
    """`source` is the sending system, `order_id` its own number; together unique for ever."""

    source: str
    order_id: str

    @property
    def cause(self) -> str:
        """The business key of what the order brings about."""
        return f"order/{self.source}/{self.order_id}"

    @classmethod
    def of_cause(cls, cause: str) -> OrderKey:
        """Return the order whose `cause` it is, or that of an offer which the order has used."""
        _, source, order_id = cause.rsplit("/", 2)
        return cls(source, order_id)


@dataclass(frozen=True, slots=True)
class Money:
    amount_minor: int
    currency: str


class OrderLine(NamedTuple):
    """A line as sent; `amount_minor` is its total, tax included, discounts off."""

    sku: str
    quantity: int
    amount_minor: int
    kind: LineKind = "product"
    category: str | None = None


class Tender(NamedTuple):
    kind: TenderKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """A fulfilled order as it came in."""

    key: OrderKey
    occurred_at: datetime
    total: Money
    lines: tuple[OrderLine, ...]
    tenders: tuple[Tender, ...] = ()
    store_id: str | None = None
    historic: bool = False
    offer_ids: tuple[str, ...] = ()
    voucher_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarningLine:
    """A line of an accepted order; `eligible_minor` is in the program's currency."""

    sku: str
    quantity: int
    amount_minor: int
    kind: LineKind
    category: str | None
    eligible_minor: int
    points: int


@dataclass(frozen=True, slots=True)
class AcceptedOrder:
    """What is kept of an order for ever; written once, never changed.

    `total` is in the order's own currency, `eligible_minor` in the program's. `releases_at` and
    `lot_expires_at` say where its points went (None when it earned nothing, or when the month's
    evaluation posts them); `counted_on` is the program day in the member's totals that it is in
    (None for a customer who was no member yet); `tier` is the one it earned with, None likewise;
    `held` says that its points wait for staff; `answer` is the first answer, given again to a
    duplicate. `offer_ids` and `voucher_codes` are those that the till named. `variant` is the
    journey's arm in which its customer was before it, None for who had not crossed the threshold.
    """

    key: OrderKey
    member_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    store_id: str | None
    total: Money
    lines: tuple[EarningLine, ...]
    eligible_minor: int
    points: int
    releases_at: datetime | None
    lot_expires_at: datetime | None
    program_version: int
    answer: dict[str, object]
    counted_on: date | None = None
    tier: str | None = None
    held: bool = False
    offer_ids: tuple[str, ...] = ()
    voucher_codes: tuple[str, ...] = ()
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Goods that came back; without an amount, the line's amount in proportion to the quantity."""

    sku: str
    quantity: int
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """Either `amount` or `lines` is given."""

    return_id: str
    occurred_at: datetime
    amount: Money | None = None
    lines: tuple[ReturnLine, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderReturns:
    """What has come back of one order, or waits for it; the only part of an order that changes.

    `line_amounts_minor[i]` is what came back of the order's line i; `line_quantities[i]` are the
    pieces of it that came back without an amount of their own; `unassigned_minor` came back as an
    amount without lines (all in the order's currency). `eligible_minor` (program's currency) and
    `points` were taken back so far.
    """

    key: OrderKey
    version: int = 0
    line_amounts_minor: tuple[int, ...] = ()
    line_quantities: tuple[int, ...] = ()
    unassigned_minor: int = 0
    eligible_minor: int = 0
    points: int = 0
    waiting: tuple[Return, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedReturn:
    """A return that was counted; written once.

    `tier` and `variant` are its order's; `answer` is given again to a duplicate. `offer_ids` are
    the order's when nothing is left of it.
    """

    key: OrderKey
    return_id: str
    member_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    fingerprint: str
    eligible_minor: int
    points: int
    answer: dict[str, object]
    tier: str | None = None
    offer_ids: tuple[str, ...] = ()
    variant: str | None = None
