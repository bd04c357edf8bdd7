"""How often a member used benefits, by program month, and what was said of these months."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loyalty.domain.calendar import month_after

# The months whose reports may still change, and the one that is open.
MONTHS_KEPT = 14


@dataclass(frozen=True, slots=True)
class MonthUses:
    """A program month, `YYYY-MM`: uses of offers, and of benefits of all kinds, offers included.

    `top` says that the member was named a top customer of the month, `lapsed` that they were judged
    to have lapsed in it; both only after its end, and until a correction takes it back. `back_in`
    is the month in which who had lapsed was active again, None while they are not.
    """

    month: str
    offers: int = 0
    benefits: int = 0
    top: bool = False
    lapsed: bool = False
    back_in: str | None = None


def earliest_kept(month: str) -> str:
    """Return the first of the months whose counts are all still there in `month`, at its end."""
    return month_after(month, 1 - MONTHS_KEPT)


def uses_in(uses: tuple[MonthUses, ...], month: str) -> MonthUses:
    """Return what was used in a month."""
    return next((counted for counted in uses if counted.month == month), MonthUses(month))


def with_month(uses: tuple[MonthUses, ...], changed: MonthUses) -> tuple[MonthUses, ...]:
    """Return the months with one of them anew.

    Returns
    -------
    tuple of MonthUses
        Ascending, at most `MONTHS_KEPT`; what is older than these is dropped.
    """
    by_month = {counted.month: counted for counted in uses} | {changed.month: changed}
    return tuple(by_month[name] for name in sorted(by_month)[-MONTHS_KEPT:])


def count_use(
    uses: tuple[MonthUses, ...], month: str, *, is_offer: bool, sign: int = 1
) -> tuple[MonthUses, ...]:
    """Add a use to its month, or take it back with `sign` -1; as many months as `with_month`.

    What is taken back before it was told of counts below zero until then.
    """
    before = uses_in(uses, month)
    counted = replace(
        before, offers=before.offers + sign * is_offer, benefits=before.benefits + sign
    )
    return with_month(uses, counted)
