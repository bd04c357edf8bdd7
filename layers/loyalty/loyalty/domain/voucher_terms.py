"""What a voucher is good for: its worth on a basket, and where, when and for whom it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from loyalty.domain.calendar import day_start, program_day
from loyalty.domain.orders import Money, OrderLine
from loyalty.domain.program import VoucherRule
from loyalty.domain.reward_errors import (
    CurrencyMismatch,
    MinimumOrderNotMet,
    NoEligibleGoods,
    StoreNotIncluded,
    VoucherOfAnotherMember,
)

VoucherKind = Literal["percent", "amount", "product", "gift"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What never changes of a voucher; `percent`, `amount_minor` or `sku` is set as `kind` says.

    It is valid in [`valid_from`, `expires_at`). Empty `stores` and `categories` mean all.
    `member_limit` is how many uses of the voucher's batch one member may have.
    """

    kind: VoucherKind
    currency: str
    valid_from: datetime
    expires_at: datetime
    percent: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    minimum_order_minor: int = 0
    stores: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    member_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody buys; without lines the total is all goods."""

    total: Money
    lines: tuple[OrderLine, ...] = ()
    store_id: str | None = None
    member_id: str | None = None


def terms_of(rule: VoucherRule, currency: str, at: datetime, zone: ZoneInfo) -> Terms:
    """Return the terms of a voucher that is issued by a rule at an instant.

    It is valid for `rule.valid_days` whole program days after the day of issue.
    """
    return Terms(
        kind=rule.kind,
        currency=currency,
        valid_from=at,
        expires_at=valid_until(at, rule.valid_days, zone),
        percent=rule.percent,
        amount_minor=rule.amount_minor,
        sku=rule.sku,
        minimum_order_minor=rule.minimum_order_minor,
    )


def valid_until(at: datetime, valid_days: int, zone: ZoneInfo) -> datetime:
    """Return the midnight that ends the last of `valid_days` program days after the day of `at`."""
    return day_start(program_day(at, zone) + timedelta(days=valid_days + 1), zone)


def require_applicable(
    terms: Terms,
    owner: str | None,
    basket: Basket | None,
    store_id: str | None = None,
    member_id: str | None = None,
) -> None:
    """Pass when a voucher holds for a purchase.

    Parameters
    ----------
    terms
        Of the voucher.
    owner
        The member whose voucher it is; None: whoever holds it.
    basket
        What is bought; None when the till does not say.
    store_id, member_id
        Where and who, when there is no basket that says it.

    Raises
    ------
    StoreNotIncluded, VoucherOfAnotherMember
        It does not hold there, or for this member. Who names no member is not asked: holding the
        code is enough. A voucher of certain stores needs the store.
    CurrencyMismatch, MinimumOrderNotMet, NoEligibleGoods
        It does not hold for this basket.
    """
    store_id = store_id or (basket.store_id if basket else None)
    member_id = member_id or (basket.member_id if basket else None)
    if terms.stores and store_id not in terms.stores:
        raise StoreNotIncluded(str(store_id))
    if owner is not None and member_id not in (None, owner):
        raise VoucherOfAnotherMember(str(member_id))
    if basket is None:
        return
    if basket.total.currency != terms.currency:
        raise CurrencyMismatch(basket.total.currency)
    if sum(line.amount_minor for line in _goods(basket)) < terms.minimum_order_minor:
        raise MinimumOrderNotMet(f"at least {terms.minimum_order_minor}")
    if terms.kind != "gift" and not _eligible(terms, basket):
        raise NoEligibleGoods(terms.kind)


def discount(terms: Terms, remaining_minor: int | None, basket: Basket) -> int:
    """Return what a voucher takes off a basket, in minor units of its currency.

    A percentage is floored to the minor unit; an amount is at most what is left and what the goods
    cost; a product or gift is one piece of the basket's cheapest line of it.
    """
    eligible = _eligible(terms, basket)
    worth = sum(line.amount_minor for line in eligible)
    match terms.kind:
        case "percent":
            return worth * (terms.percent or 0) // 100
        case "amount":
            return min(worth, remaining_minor or 0)
        case "product" | "gift":
            return min((line.amount_minor // line.quantity for line in eligible), default=0)


def _goods(basket: Basket) -> tuple[OrderLine, ...]:
    if not basket.lines:
        return (OrderLine(sku="", quantity=1, amount_minor=basket.total.amount_minor),)
    return tuple(line for line in basket.lines if line.kind == "product")


def _eligible(terms: Terms, basket: Basket) -> list[OrderLine]:
    """Return the goods that a voucher takes something off."""
    return [
        line
        for line in _goods(basket)
        if line.amount_minor
        and (not terms.categories or line.category in terms.categories)
        and (terms.sku is None or line.sku == terms.sku)
    ]
