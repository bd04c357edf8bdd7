"""What a member bought and earned by program month and day: bounded, kept as orders come in.

Only orders count that occurred while the customer was a member. A return counts in the month and on
the day of its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from loyalty.domain.calendar import month_of

# Two calendar years and the open month, so that every qualification period lies within; what is
# older stays counted in the oldest month.
MONTHS_KEPT = 26
# "The last 30 days" and the days that caps and holds look at.
DAYS_KEPT = 35


class Purchase(NamedTuple):
    """What one order, or one return (negative), adds: minor units of the program's currency.

    `spend_minor` is what was bought, `returned_minor` what came back, both ≥ 0. `points_due` is
    what the rules give, `points_posted` what of it is in the ledger already.
    """

    spend_minor: int = 0
    returned_minor: int = 0
    points_due: int = 0
    points_posted: int = 0
    orders: int = 0


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """A program month, `YYYY-MM`; the fields are sums of `Purchase`."""

    month: str
    spend_minor: int = 0
    returned_minor: int = 0
    points_due: int = 0
    points_posted: int = 0
    orders: int = 0

    @property
    def net_spend_minor(self) -> int:
        return self.spend_minor - self.returned_minor

    @property
    def points_missing(self) -> int:
        """Points that the ledger does not have yet; below zero when it has too many."""
        return self.points_due - self.points_posted


@dataclass(frozen=True, slots=True)
class DayTotals:
    """A program day; `earns` counts the orders that earned points by what was shown for them."""

    day: date
    spend_minor: int = 0
    returned_minor: int = 0
    points: int = 0
    orders: int = 0
    earns: Mapping[str, int] = field(default_factory=dict)


def count_in_months(
    months: tuple[MonthTotals, ...], day: date, bought: Purchase
) -> tuple[MonthTotals, ...]:
    """Add `bought` to the month of the program day `day`.

    Returns
    -------
    tuple of MonthTotals
        Ascending, at most `MONTHS_KEPT`. What is older than the first of them counts in it.
    """
    by_month = {totals.month: totals for totals in months}
    month = _counted_in(months, day)
    by_month[month] = _plus(by_month.get(month, MonthTotals(month)), bought)
    ascending = [by_month[name] for name in sorted(by_month)]
    if len(ascending) > MONTHS_KEPT:
        oldest, second = ascending[:2]
        ascending[:2] = [_plus(second, _purchase(oldest))]
    return tuple(ascending)


def count_in_days(
    days: tuple[DayTotals, ...], day: date, bought: Purchase, *, earned_with: str | None = None
) -> tuple[DayTotals, ...]:
    """Add `bought` to the program day `day`; days far before the latest one are dropped.

    `earned_with` is what was shown for an order that earned points.
    """
    by_day = {totals.day: totals for totals in days}
    before = by_day.get(day, DayTotals(day))
    by_day[day] = replace(
        before,
        spend_minor=before.spend_minor + bought.spend_minor,
        returned_minor=before.returned_minor + bought.returned_minor,
        points=before.points + bought.points_due,
        orders=before.orders + bought.orders,
        earns=(
            {**before.earns, earned_with: before.earns.get(earned_with, 0) + 1}
            if earned_with is not None
            else before.earns
        ),
    )
    first_kept = _first_kept(by_day)
    return tuple(by_day[kept] for kept in sorted(by_day) if kept >= first_kept)


def points_on(
    days: tuple[DayTotals, ...],
    months: tuple[MonthTotals, ...],
    day: date,
    imported_on: date | None = None,
) -> int:
    """Return the points earned on a day, less those taken back.

    A day that is not kept any more may have earned whatever its month did on such days: that is
    returned, so that no order, however late it comes, earns beyond a day's cap.

    For history that is imported it is 0 of every day before the `DAYS_KEPT` up to the import, kept
    or not: what it earns must not depend on what of it comes first, and only those days are kept
    in whatever order it comes.
    """
    first_kept = _first_kept([imported_on] if imported_on else (totals.day for totals in days))
    if day >= first_kept:
        return sum(totals.points for totals in days if totals.day == day)
    if imported_on:
        return 0
    month = _counted_in(months, day)
    of_month = sum(totals.points_due for totals in months if totals.month == month)
    return of_month - sum(totals.points for totals in days if month_of(totals.day) == month)


def earns_on(days: Iterable[DayTotals], day: date, earned_with: str) -> int:
    """Return how many orders of a day earned points with the same card."""
    return sum(totals.earns.get(earned_with, 0) for totals in days if totals.day == day)


def posted(months: tuple[MonthTotals, ...], up_to: str) -> tuple[MonthTotals, ...]:
    """Return `months` with nothing missing in the ledger up to and including month `up_to`."""
    return tuple(
        replace(totals, points_posted=totals.points_due) if totals.month <= up_to else totals
        for totals in months
    )


def _counted_in(months: tuple[MonthTotals, ...], day: date) -> str:
    """Return the month that a day counts in: its own, or the oldest when no older one is kept."""
    month = month_of(day)
    return max(month, months[0].month) if len(months) == MONTHS_KEPT else month


def _first_kept(days: Iterable[date]) -> date:
    """Return the first day that is kept beside these; of no days nothing is known."""
    return max(days, default=date.max) - timedelta(days=DAYS_KEPT - 1)


def _plus(totals: MonthTotals, bought: Purchase) -> MonthTotals:
    return replace(
        totals,
        spend_minor=totals.spend_minor + bought.spend_minor,
        returned_minor=totals.returned_minor + bought.returned_minor,
        points_due=totals.points_due + bought.points_due,
        points_posted=totals.points_posted + bought.points_posted,
        orders=totals.orders + bought.orders,
    )


def _purchase(totals: MonthTotals) -> Purchase:
    return Purchase(
        spend_minor=totals.spend_minor,
        returned_minor=totals.returned_minor,
        points_due=totals.points_due,
        points_posted=totals.points_posted,
        orders=totals.orders,
    )
