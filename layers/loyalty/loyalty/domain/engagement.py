"""Engagement: benefit uses by program month, and what follows from them.

A benefit use is an unreversed use of an offer, redemption of a voucher or reward, paid benefit or
access event. What counts towards `top` are distinct (offer, order) uses alone; whoever counts a use
sees to it that it is distinct.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.domain.calendar import month_of, program_day

if TYPE_CHECKING:
    from loyalty.domain.member import Member
    from loyalty.domain.program import ProgramDefinition

# The months whose reports may still change, and the one that is open.
MONTHS_KEPT = 14


@dataclass(frozen=True, slots=True)
class MonthUses:
    """A program month, `YYYY-MM`: uses of offers, and of benefits of all kinds, offers included."""

    month: str
    offers: int = 0
    benefits: int = 0


def count_use(
    uses: tuple[MonthUses, ...], month: str, *, is_offer: bool, sign: int = 1
) -> tuple[MonthUses, ...]:
    """Add a use to its month, or take it back with `sign` -1.

    Returns
    -------
    tuple of MonthUses
        Ascending, at most `MONTHS_KEPT`; what is older than these is dropped.
    """
    by_month = {counted.month: counted for counted in uses}
    before = by_month.get(month, MonthUses(month))
    by_month[month] = replace(
        before,
        offers=max(0, before.offers + sign * is_offer),
        benefits=max(0, before.benefits + sign),
    )
    return tuple(by_month[name] for name in sorted(by_month)[-MONTHS_KEPT:])


def uses_in(uses: tuple[MonthUses, ...], month: str) -> MonthUses:
    """Return what was used in a month."""
    return next((counted for counted in uses if counted.month == month), MonthUses(month))


def is_top_in(uses: tuple[MonthUses, ...], month: str, definition: ProgramDefinition) -> bool:
    """Tell whether a month's uses of offers make a top customer (J7)."""
    return uses_in(uses, month).offers >= definition.top_offer_uses


def with_use(
    member: Member,
    occurred_at: datetime,
    definition: ProgramDefinition,
    *,
    is_offer: bool,
    sign: int = 1,
) -> Member:
    """Return the member with a benefit use counted in the program month of `occurred_at`.

    The version stays; `sign` -1 takes the use back.
    """
    month = month_of(program_day(occurred_at, definition.time_zone))
    return replace(member, uses=count_use(member.uses, month, is_offer=is_offer, sign=sign))
