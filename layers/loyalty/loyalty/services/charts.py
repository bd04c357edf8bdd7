"""Pictures of reports, as data: which series, over what."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from loyalty.contracts.funnel import FunnelReport
from loyalty.contracts.month_reports import HealthReport, SignedMoney

ChartKind = Literal["lines", "bars", "stacked bars"]


@dataclass(frozen=True, slots=True)
class Chart:
    """`series` by their names have a value per label, None where nothing is known."""

    title: str
    kind: ChartKind
    labels: tuple[str, ...]
    series: Mapping[str, Sequence[int | float | None]]


def points(reports: Sequence[HealthReport]) -> Chart:
    """Return what was distributed, redeemed and expired of points, by month."""
    return Chart(
        "Points",
        "bars",
        _months(reports),
        {
            "distributed": [report.points_distributed for report in reports],
            "redeemed": [report.points_redeemed for report in reports],
            "expired": [report.points_expired for report in reports],
        },
    )


def tiers(reports: Sequence[HealthReport]) -> Chart:
    """Return the members of each tier, by month; the lowest tier first."""
    names = dict.fromkeys(name for report in reports for name in report.members_by_tier)
    return Chart(
        "Members by tier",
        "stacked bars",
        _months(reports),
        {name: [report.members_by_tier.get(name, 0) for report in reports] for name in names},
    )


def engagement(reports: Sequence[HealthReport]) -> Chart:
    """Return how many are active, top and inactive, by month."""
    return Chart(
        "Elite members",
        "lines",
        _months(reports),
        {
            "active": [report.active for report in reports],
            "top": [report.top for report in reports],
            "inactive": [report.inactive for report in reports],
        },
    )


def revenue(reports: Sequence[HealthReport]) -> Chart:
    """Return the revenue of members and of others in whole units of the currency, by month."""
    return Chart(
        "Revenue",
        "stacked bars",
        _months(reports),
        {
            "members": _amounts(report.revenue_of_members for report in reports),
            "others": _amounts(report.revenue_of_others for report in reports),
        },
    )


def funnel(report: FunnelReport) -> Chart:
    """Return how many of a hundred who crossed the threshold came how far, by variant.

    Who is held out, or crossed nothing, has no way to go.
    """
    arms = {name: arm for name, arm in report.by_variant.items() if arm.crossed and arm.invited}
    return Chart(
        "Of a hundred who crossed the threshold",
        "bars",
        tuple(_WAY),
        {
            name: [round(100 * getattr(arm, stage) / arm.crossed, 1) for stage in _WAY]
            for name, arm in arms.items()
        },
    )


_WAY: Final = ("invited", "reminded", "accepted", "declined", "silent")

CHARTS: Final[Mapping[str, Callable[[Sequence[HealthReport]], Chart]]] = {
    "revenue": revenue,
    "tiers": tiers,
    "points": points,
    "engagement": engagement,
}


def _months(reports: Sequence[HealthReport]) -> tuple[str, ...]:
    """Return `Dec ’16`, `Jan ’17`, `Feb` …: the year where one begins to read, and in January."""
    return tuple(
        _label(report.month, with_year=place == 0 or report.month.endswith("-01"))
        for place, report in enumerate(reports)
    )


def _label(month: str, *, with_year: bool) -> str:
    year, _, number = month.partition("-")
    return f"{month_abbr[int(number)]} ’{year[2:]}" if with_year else month_abbr[int(number)]


def _amounts(amounts: Iterable[SignedMoney]) -> list[float]:
    from iso4217 import Currency

    return [
        float(Decimal(amount.amount_minor).scaleb(-(Currency(amount.currency).exponent or 0)))
        for amount in amounts
    ]
