"""What an order earns: its eligible amount, its points, and when they can be spent and expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from loyalty.domain.calendar import lot_expiry, program_day, return_window_end
from loyalty.domain.money import allocate, points_for, to_accounting
from loyalty.domain.orders import EarningLine, Money, Order, OrderLine
from loyalty.domain.program import EarnBonus, ProgramDefinition
from loyalty.domain.tiers import rank

_PAID_WITH_REWARDS = ("points", "voucher")


class Earning(NamedTuple):
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


def earn(
    order: Order,
    definition: ProgramDefinition,
    *,
    tier: str | None,
    points_today: int = 0,
) -> Earning:
    """Judge an order by the rules that were in force when it occurred.

    Points are floor(eligible major units × rate × the tier's multiplier), and likewise for each
    bonus on the goods that it is for; each is rounded down once, for the whole order. Caps cut the
    sum.

    Parameters
    ----------
    order
        The order; without lines, its total counts as one product line with an empty SKU.
    definition
        The program version in force at `order.occurred_at`.
    tier
        The customer's tier by then; None: no member yet, the order earns no points.
    points_today
        What the member earned already on the order's program day, at most.

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
    points = (0,) * len(lines)
    if tier is not None and definition.points_enabled:
        multiplier = definition.tiers[rank(definition, tier)].multiplier
        uncapped = _points(order, lines, eligible_parts, definition, multiplier)
        points = _capped(uncapped, definition, points_today)
    return Earning(
        lines=tuple(map(_earning_line, lines, eligible_parts, points)),
        eligible_minor=eligible_minor,
        points=sum(points),
        releases_at=return_window_end(order.occurred_at, definition.pending_days, zone),
        lot_expires_at=lot_expiry(order.occurred_at, definition.expiry_months, zone),
    )


def _points(
    order: Order,
    lines: Sequence[OrderLine],
    eligible_parts: Sequence[int],
    definition: ProgramDefinition,
    multiplier: Decimal,
) -> tuple[int, ...]:
    """Return the points of each line: its share of the order's own, and of each bonus."""
    digits = definition.minor_digits
    earned = points_for(sum(eligible_parts), definition.earn_rate * multiplier, digits)
    parts = [allocate(earned, eligible_parts)]
    for bonus in definition.earn_bonuses:
        if _is_on(bonus, order.occurred_at):
            goods = [
                part if line.category in bonus.categories or line.sku in bonus.skus else 0
                for line, part in zip(lines, eligible_parts, strict=True)
            ]
            extra = points_for(sum(goods), bonus.extra_rate * multiplier, digits)
            parts.append(allocate(extra, goods))
    return tuple(map(sum, zip(*parts, strict=True)))


def _is_on(bonus: EarnBonus, at: datetime) -> bool:
    has_begun = bonus.valid_from is None or bonus.valid_from <= at
    return has_begun and (bonus.valid_until is None or at < bonus.valid_until)


def _capped(
    points: tuple[int, ...], definition: ProgramDefinition, points_today: int
) -> tuple[int, ...]:
    limits = [sum(points)]
    if definition.points_per_order_cap is not None:
        limits.append(definition.points_per_order_cap)
    if definition.points_per_day_cap is not None:
        limits.append(max(0, definition.points_per_day_cap - points_today))
    return allocate(min(limits), points)


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
