"""What an order earns: its eligible amount, its points, and when they can be spent and expire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty.domain.calendar import lot_expiry, program_day, return_window_end
from loyalty.domain.money import allocate, points_for, to_accounting
from loyalty.domain.orders import EarningLine, Money, Order, OrderLine
from loyalty.domain.program import ProgramDefinition

_PAID_WITH_REWARDS = ("points", "voucher")


@dataclass(frozen=True, slots=True)
class Earning:
    """What an order is worth to the program, whoever it belongs to.

    `eligible_minor` is in the program's currency, `points` what an enrolled member gets for it;
    both are also split over `lines`. The points become available at `releases_at` in the lot of
    `lot_expires_at`.
    """

    lines: tuple[EarningLine, ...]
    eligible_minor: int
    points: int
    releases_at: datetime
    lot_expires_at: datetime


def earn(order: Order, definition: ProgramDefinition, *, collects_points: bool) -> Earning:
    """Judge an order by the rules that were in force when it occurred.

    Parameters
    ----------
    order
        The order; without lines, its total counts as one product line with an empty SKU.
    definition
        The program version in force at `order.occurred_at`.
    collects_points
        Whether the customer was a member by then; otherwise the order earns no points.

    Raises
    ------
    UnknownCurrency
        The program cannot convert the order's currency.
    """
    zone = definition.time_zone
    lines = order.lines or (OrderLine(sku="", quantity=1, amount_minor=order.total.amount_minor),)
    goods = [line.amount_minor if line.kind == "product" else 0 for line in lines]
    eligible = Money(max(0, sum(goods) - _paid_with_rewards(order)), order.total.currency)
    eligible_minor = to_accounting(eligible, definition, program_day(order.occurred_at, zone))
    eligible_parts = allocate(eligible_minor, goods)
    points = 0
    if collects_points:
        points = points_for(eligible_minor, definition.earn_rate, definition.minor_digits)
    return Earning(
        lines=tuple(map(_earning_line, lines, eligible_parts, allocate(points, eligible_parts))),
        eligible_minor=eligible_minor,
        points=points,
        releases_at=return_window_end(order.occurred_at, definition.pending_days, zone),
        lot_expires_at=lot_expiry(order.occurred_at, definition.expiry_months, zone),
    )


def _paid_with_rewards(order: Order) -> int:
    return sum(tender.amount_minor for tender in order.tenders if tender.kind in _PAID_WITH_REWARDS)


def _earning_line(line: OrderLine, eligible_minor: int, points: int) -> EarningLine:
    return EarningLine(
        sku=line.sku,
        quantity=line.quantity,
        amount_minor=line.amount_minor,
        kind=line.kind,
        category=line.category,
        eligible_minor=eligible_minor,
        points=points,
    )
