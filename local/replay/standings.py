"""Tiers and their vouchers, worked out again from what was bought, without the product's code.

The program's cycle evaluates a month on the third of the next one at three in the morning. A tier
counts from the instant at which it was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from local.replay.months import Months

_CYCLE_DAY, _CYCLE_TIME = 3, time(3, tzinfo=UTC)
_HELD_MONTHS = 11


@dataclass(frozen=True, slots=True)
class Decision:
    """A manager's yes or no to a household's upgrade."""

    household: int
    is_approved: bool
    at: datetime


@dataclass(slots=True)
class Voucher:
    """A tier's voucher as it must be found; `expires_at` is the midnight that ends its last day."""

    tier: str
    month: str
    expires_at: datetime
    is_cancelled: bool = False

    def has_expired(self, at: datetime) -> bool:
        return not self.is_cancelled and self.expires_at <= at

    def told(self, at: datetime) -> str:
        state = "cancelled" if self.is_cancelled else "issued"
        state = "expired" if self.has_expired(at) else state
        return f"{self.tier} {self.month} {state} {self.expires_at.date()}"


@dataclass(slots=True)
class _Span:
    tier: int
    since: datetime
    month: str = ""
    voucher: Voucher | None = None
    is_undone: bool = False


@dataclass(slots=True)
class Standing:
    """One member's tiers; `bought` is net spend by month, of orders since joining."""

    definition: dict[str, Any]
    joined_at: datetime
    months: Months
    bought: Counter[str] = field(default_factory=Counter)
    vouchers: list[Voucher] = field(default_factory=list)
    by_month: dict[str, str] = field(default_factory=dict)
    _spans: list[_Span] = field(default_factory=list)
    _lost_at: str = ""
    _held_until: str = ""
    _review: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self._spans = [_Span(0, self.joined_at)]
        self.months.joined(self.joined_at)

    def tier_at(self, at: datetime) -> str:
        """Return the tier at an instant."""
        return self._name(([span.tier for span in self._spans if span.since <= at] or [0])[-1])

    def multiplier(self, tier: str) -> Decimal:
        """Return what points are multiplied with in a tier."""
        rules = {rule["name"]: rule for rule in self.definition["tiers"]}
        return Decimal(rules[tier]["multiplier"])

    def evaluate(self, month: str, at: datetime) -> None:
        """Do what the cycle does for `month`."""
        reached = self._reached(month)
        if self._review and self._review[0] > reached:
            self._review = None
        current = self._spans[-1].tier
        if reached > current:
            self._lost_at = ""
            self._rise(current, reached, month, at)
        elif reached == current:
            self._lost_at = ""
        else:
            self._lost_at = self._lost_at or _later(month, self.definition["tier_grace_months"])
            if month >= self._lost_at:
                self._move(_Span(reached, at), month)
                self._lost_at = ""
        self.by_month[month] = self._name(self._spans[-1].tier)

    def taken_back(self, at: datetime) -> None:
        """Look after a return whether the tier, or what waits for a yes, still stands."""
        while self._undo_one(at):
            pass

    def _undo_one(self, at: datetime) -> bool:
        span, now = self._spans[-1], f"{at:%Y-%m}"
        reached = max(self._reached(span.month or now), self._reached(now))
        if self._review and self._review[0] > reached:
            self._review = None
        base = next((lower for lower in self._ladder() if lower.tier < span.tier), None)
        if not span.month or base is None or reached >= span.tier:
            return False
        if span.voucher and at < span.voucher.expires_at:
            span.voucher.is_cancelled = True
            self.months.voucher("cancelled", at)
        span.is_undone = True
        fallen = _Span(base.tier, at, base.month, base.voucher)
        if reached > base.tier:
            fallen = _Span(reached, at, span.month)
        self._move(fallen, now)
        self._lost_at = ""
        return True

    def _ladder(self) -> list[_Span]:
        return [span for span in self._spans[::-1] if not span.is_undone]

    def decided(self, decision: Decision) -> None:
        """Do what a manager's decision on the upgrade that waits does."""
        if self._review is None:
            return
        rank, month = self._review
        self._review = None
        if not decision.is_approved:
            self._held_until = _later(month, _HELD_MONTHS)
        elif (
            self._spans[-1].tier
            < rank
            <= max(self._reached(month), self._reached(f"{decision.at:%Y-%m}"))
        ):
            self._lost_at = ""
            self._give(rank, month, decision.at)

    def _rise(self, current: int, reached: int, month: str, at: datetime) -> None:
        above = range(current + 1, reached + 1)
        needs_yes = [rank for rank in above if self._rule(rank)["needs_approval"]]
        free = [rank for rank in above if rank not in needs_yes]
        if free:
            self._give(free[-1], month, at)
        is_open = self._review is None and not (self._held_until and month <= self._held_until)
        if needs_yes and is_open and needs_yes[-1] > (free or [current])[-1]:
            self._review = needs_yes[-1], month

    def _give(self, rank: int, month: str, at: datetime) -> None:
        voucher = None
        if rule := self._rule(rank)["voucher"]:
            last_day = at.date() + timedelta(days=rule["valid_days"] + 1)
            voucher = Voucher(self._name(rank), month, datetime.combine(last_day, time(), UTC))
            self.vouchers.append(voucher)
            self.months.voucher("issued", at)
        self._move(_Span(rank, at, month, voucher), month)

    def _move(self, span: _Span, month: str) -> None:
        self.months.moved(month, self._name(self._spans[-1].tier), self._name(span.tier))
        self._spans.append(span)

    def _reached(self, month: str) -> int:
        first = _later(month, -_HELD_MONTHS)
        spent = sum(cents for of, cents in self.bought.items() if first <= of <= month)
        thresholds = [tier["threshold"] for tier in self.definition["tiers"]]
        return max(rank for rank, threshold in enumerate(thresholds) if threshold <= max(0, spent))

    def _rule(self, rank: int) -> dict[str, Any]:
        rule: dict[str, Any] = self.definition["tiers"][rank]
        return rule

    def _name(self, rank: int) -> str:
        return str(self._rule(rank)["name"])


def cycles(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when the program evaluates, between two instants, and which month."""
    for first in pd.date_range(start.date(), end.date(), freq="MS"):
        at = datetime.combine(date(first.year, first.month, _CYCLE_DAY), _CYCLE_TIME)
        if start < at <= end:
            yield at, _later(f"{first:%Y-%m}", -1)


def _later(month: str, months: int) -> str:
    return str(pd.Period(month, "M") + months)
