"""What the monthly reports must say, counted again from what happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from local.replay.journal import OfferUsed

# The figures of each report that follow from orders, returns, tiers and vouchers alone.
HEALTH = (
    "points_distributed",
    "points_taken_back",
    "members",
    "members_by_tier",
    "members_enrolled",
    "members_moved_up",
    "members_moved_down",
    "customers_who_bought",
    "members_who_bought",
    "enrolment_rate",
    "participation_rate",
    "orders_of_members",
    "orders_of_others",
    "revenue_of_members",
    "revenue_of_others",
    "vouchers_issued",
    "vouchers_expired",
    "vouchers_cancelled",
    "top",
    "lapsed",
    "offers_used",
    "benefit_users",
)
ROI = (
    "average_spend_by_tier",
    "buyers_by_tier",
    "revenue_by_tier",
    "revenue",
    "revenue_of_others",
)
_OTHERS = ""


class Months:
    """Counts by calendar month, UTC; a tier is empty for who was no member."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._currency = definition["currency"]
        self._tiers = [tier["name"] for tier in definition["tiers"]]
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._buyers: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._levels: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def joined(self, at: datetime) -> None:
        self._counts[_of(at)]["members_enrolled"] += 1
        self._levels[_of(at)][self._tiers[0]] += 1

    def bought(self, at: datetime, household: int, tier: str, cents: int, points: int) -> None:
        month = _of(at)
        self._counts[month][f"orders/{tier}"] += 1
        self._counts[month][f"revenue/{tier}"] += cents
        self._counts[month]["points_distributed"] += points
        self._buyers[month, "anybody"].add(household)
        if tier:
            self._buyers[month, "members"].add(household)
            self._buyers[month, tier].add(household)

    def taken_back(self, at: datetime, tier: str, cents: int, points: int) -> None:
        self._counts[_of(at)][f"revenue/{tier}"] -= cents
        self._counts[_of(at)]["points_taken_back"] += points

    def moved(self, month: str, before: str, after: str) -> None:
        """Count a change of tier in the month that was judged."""
        is_up = self._tiers.index(after) > self._tiers.index(before)
        self._counts[month]["members_moved_up" if is_up else "members_moved_down"] += 1
        self._levels[month][before] -= 1
        self._levels[month][after] += 1

    def voucher(self, fate: str, at: datetime) -> None:
        """Count a voucher that was issued, expired or cancelled."""
        self._counts[_of(at)][f"vouchers_{fate}"] += 1

    def used(self, use: OfferUsed) -> None:
        """Count the use of an offer, with its bonus, and that it was taken back."""
        counts = self._counts[_of(use.at)]
        counts["offers_used"] += 1
        counts["points_distributed"] += use.points
        self._buyers[_of(use.at), "users"].add(use.household)
        if use.taken_back_at is not None:
            counts = self._counts[_of(use.taken_back_at)]
            counts["offers_used"] -= 1
            counts["points_taken_back"] += use.points

    def judged(self, figure: str, months: str) -> None:
        """Count a household in the figure `top` or `lapsed` of all these months."""
        for month in months.split():
            self._counts[month][figure] += 1

    def health(self, month: str) -> dict[str, Any]:
        """Return the figures of `HEALTH`."""
        counts = self._counts[month]
        levels: Counter[str] = Counter()
        for past, changes in self._levels.items():
            if past <= month:
                levels.update(changes)
        members = sum(levels.values())
        customers = len(self._buyers[month, "anybody"])
        buyers = len(self._buyers[month, "members"])
        return {
            **{name: counts[name] for name in HEALTH},
            "members": members,
            "members_by_tier": {tier: levels[tier] for tier in self._tiers},
            "benefit_users": len(self._buyers[month, "users"]),
            "customers_who_bought": customers,
            "members_who_bought": buyers,
            "enrolment_rate": _share(buyers, customers),
            "participation_rate": _share(buyers, members),
            "orders_of_members": sum(counts[f"orders/{tier}"] for tier in self._tiers),
            "orders_of_others": counts[f"orders/{_OTHERS}"],
            "revenue_of_members": self._money(self._revenue(month)),
            "revenue_of_others": self._money(counts[f"revenue/{_OTHERS}"]),
        }

    def roi(self, month: str) -> dict[str, Any]:
        """Return the figures of `ROI`."""
        counts = self._counts[month]
        buyers = {tier: len(self._buyers[month, tier]) for tier in self._tiers}
        revenue = {tier: counts[f"revenue/{tier}"] for tier in self._tiers}
        return {
            "average_spend_by_tier": {
                tier: self._money(_rounded(Decimal(revenue[tier]) / number)) if number else None
                for tier, number in buyers.items()
            },
            "buyers_by_tier": buyers,
            "revenue_by_tier": {tier: self._money(cents) for tier, cents in revenue.items()},
            "revenue": self._money(self._revenue(month)),
            "revenue_of_others": self._money(counts[f"revenue/{_OTHERS}"]),
        }

    def _revenue(self, month: str) -> int:
        return sum(self._counts[month][f"revenue/{tier}"] for tier in self._tiers)

    def _money(self, cents: int) -> dict[str, Any]:
        return {"amount_minor": cents, "currency": self._currency}


def _of(at: datetime) -> str:
    return f"{at:%Y-%m}"


def _share(part: int, whole: int) -> float | None:
    if not whole:
        return None
    return float((Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_EVEN))


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))
