"""What the figures must be, worked out again from the data set alone, with pandas and Decimal.

Shares no code with the product. It reads the replay's journal (what was sent) and, from the live
tables, only what no data set can tell: each household's member id and the instant of joining.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from functools import partial
from http import HTTPStatus
from operator import itemgetter
from typing import Any

import pandas as pd

from local.replay.behaviour import GoodsBack
from local.replay.dataset import Basket
from local.replay.engagement import Engagement, engagement, reviews
from local.replay.journal import Journal, OfferUsed
from local.replay.months import Months
from local.replay.standings import Decision, Standing, cycles

COMPARED = (
    "orders",
    "spend_minor",
    "points",
    "crossing_order",
    "variant",
    "tiers",
    "vouchers",
    "top",
    "lapsed",
    "elite",
)


@dataclass(slots=True)
class _Household:
    """What a household must show; the variant counts from its crossing on."""

    orders: int = 0
    spend_minor: int = 0
    points: int = 0
    crossing_order: str = ""
    variant: str = ""


@dataclass(slots=True)
class _Bought:
    """One order's state while its returns are worked through."""

    basket: Basket
    points: list[int]
    line_back: list[int] = field(default_factory=list)
    amount_back: int = 0
    spend_taken: int = 0
    points_taken: int = 0
    tier: str = ""


def recompute(
    journal: Journal,
    live: pd.DataFrame,
    definition: dict[str, Any],
    *,
    decisions: Sequence[Decision] = (),
    start: datetime,
    end: datetime,
) -> tuple[pd.DataFrame, Months]:
    """Return a row per household with all of `COMPARED`, and the months for the reports.

    Parameters
    ----------
    journal
        What was sent, in order.
    live
        Index household; columns `member_id` and `joined_at` (NaT: not enrolled).
    definition
        The program definition as the API shows it.
    decisions
        What managers decided, which no data set can tell either.
    start, end
        Between them the program's cycles run.
    """
    year = _Year(live, definition)
    sent = [(_instant(item), 2, partial(year.happen, item)) for item in journal.sent]
    decided = [(decision.at, 1, partial(year.decide, decision)) for decision in decisions]
    evaluated = [(at, 0, partial(year.evaluate, at, month)) for at, month in cycles(start, end)]
    # Of one instant, what the clock brings comes first. Goods are sent in time order: sorting is
    # stable.
    for _, _, happens in sorted([*sent, *decided, *evaluated], key=itemgetter(0, 1)):
        happens()
    rows = {number: year.row(number, end) for number in year.households}
    for number, found in _engagement(journal, rows, definition, start, end).items():
        rows[number] |= asdict(found)
        year.judged(found)
    for use in journal.uses:
        year.used(use)
        rows[use.household]["points"] += use.points if use.taken_back_at is None else 0
    households = pd.DataFrame.from_dict(rows, orient="index").rename_axis("household")
    return households.sort_index(), year.close(end)


def _engagement(
    journal: Journal,
    households: Iterable[int],
    definition: dict[str, Any],
    start: datetime,
    end: datetime,
) -> dict[int, Engagement]:
    judged = list(reviews(start, end))
    accepted = {
        household: at
        for household, answer, status, at in reversed(journal.answers)
        if answer == "accept" and status == HTTPStatus.OK
    }
    return {
        household: engagement(
            accepted.get(household),
            [use for use in journal.uses if use.household == household],
            definition["top_offer_uses"],
            judged,
        )
        for household in households
    }


class _Year:
    """All households, while the year's orders, returns, cycles and decisions go by."""

    def __init__(self, live: pd.DataFrame, definition: dict[str, Any]) -> None:
        self.households = {int(str(household)): _Household() for household in live.index}
        self._thresholds = {
            variant["name"]: variant["threshold_minor"] for variant in definition["variants"]
        }
        self._drawn = _variants(live, definition)
        self._rate = Decimal(definition["earn_rate"])
        self._months = Months(definition)
        self._standings = {
            int(str(household)): Standing(definition, joined_at.to_pydatetime(), self._months)
            for household, joined_at in live["joined_at"].items()
            if pd.notna(joined_at)
        }
        self._bought: dict[str, _Bought] = {}
        self._early: dict[str, list[GoodsBack]] = {}

    def decide(self, decision: Decision) -> None:
        self._standings[decision.household].decided(decision)

    def happen(self, item: Basket | GoodsBack) -> None:
        if isinstance(item, GoodsBack):
            if order := self._bought.get(item.basket.order_id):
                self._take_back(order, item)
                if order.tier:
                    self._standings[item.basket.household].taken_back(item.at)
            else:
                self._early.setdefault(item.basket.order_id, []).append(item)
        elif item.order_id not in self._bought:
            self._buy(item)

    def judged(self, found: Engagement) -> None:
        self._months.judged("top", found.top)
        self._months.judged("lapsed", found.lapsed)

    def used(self, use: OfferUsed) -> None:
        self._months.used(use)

    def evaluate(self, at: datetime, month: str) -> None:
        for standing in self._standings.values():
            if standing.joined_at < at:
                standing.evaluate(month, at)

    def close(self, end: datetime) -> Months:
        """Return the months, with the vouchers that have expired by the end."""
        for standing in self._standings.values():
            for voucher in standing.vouchers:
                if voucher.has_expired(end):
                    self._months.voucher("expired", voucher.expires_at)
        return self._months

    def row(self, number: int, end: datetime) -> dict[str, Any]:
        standing = self._standings.get(number)
        by_month = standing.by_month.items() if standing else ()
        vouchers = standing.vouchers if standing else ()
        return {
            **asdict(self.households[number]),
            "tiers": " ".join(f"{month}:{tier}" for month, tier in by_month),
            "vouchers": ", ".join(sorted(voucher.told(end) for voucher in vouchers)),
        }

    def _buy(self, basket: Basket) -> None:
        household, standing = self.households[basket.household], None
        found = self._standings.get(basket.household)
        if found and basket.occurred_at >= found.joined_at:
            standing = found
        tier = standing.tier_at(basket.occurred_at) if standing else ""
        rate = self._rate * standing.multiplier(tier) if standing else Decimal(0)
        order = _buy(basket, rate, household)
        order.tier = tier
        self._bought[basket.order_id] = order
        self._months.bought(
            basket.occurred_at, basket.household, tier, basket.total_minor, sum(order.points)
        )
        if standing:
            standing.bought[f"{basket.occurred_at:%Y-%m}"] += basket.total_minor
        for goods in self._early.pop(basket.order_id, []):
            self._take_back(order, goods)
        variant = self._drawn[basket.household]
        if not household.crossing_order and household.spend_minor >= self._thresholds[variant]:
            household.crossing_order, household.variant = basket.order_id, variant

    def _take_back(self, order: _Bought, goods: GoodsBack) -> None:
        household = self.households[goods.basket.household]
        cents, points = household.spend_minor, household.points
        _take_back(order, goods, household)
        cents, points = cents - household.spend_minor, points - household.points
        self._months.taken_back(goods.at, order.tier, cents, points)
        if order.tier:
            month = f"{goods.basket.occurred_at:%Y-%m}"
            self._standings[goods.basket.household].bought[month] -= cents


def _instant(item: Basket | GoodsBack) -> datetime:
    return item.occurred_at if isinstance(item, Basket) else item.at


def _buy(basket: Basket, rate: Decimal, household: _Household) -> _Bought:
    points = _line_points(basket, rate)
    household.orders += 1
    household.spend_minor += basket.total_minor
    household.points += sum(points)
    return _Bought(basket, points, line_back=[0] * len(basket.lines))


def _variants(live: pd.DataFrame, definition: dict[str, Any]) -> dict[int, str]:
    """Draw each household's variant by the documented rule.

    Sha256 of "seed/member id", first 8 bytes, modulo weights.
    """
    names = [
        variant["name"] for variant in definition["variants"] for _ in range(variant["weight"])
    ]
    drawn = {}
    for household, member_id in live["member_id"].items():
        digest = hashlib.sha256(f"{definition['assignment_seed']}/{member_id}".encode()).digest()
        drawn[int(str(household))] = names[int.from_bytes(digest[:8], "big") % len(names)]
    return drawn


def _line_points(basket: Basket, rate: Decimal) -> list[int]:
    """Points of an order, rounded down once for the whole order.

    Spread over its lines by largest remainder.
    """
    total = basket.total_minor
    points = int((Decimal(total) / 100 * rate).to_integral_value(ROUND_FLOOR))
    if not points:
        return [0] * len(basket.lines)
    shares = pd.Series([points * line.amount_minor for line in basket.lines])
    floors, remainders = shares // total, shares % total
    left = points - int(floors.sum())
    # Stable: of equal remainders the earlier line gets the point.
    for index in remainders.sort_values(ascending=False, kind="stable").index[:left]:
        floors[index] += 1
    return [int(value) for value in floors]


def _take_back(order: _Bought, goods: GoodsBack, household: _Household) -> None:
    """Take back what has come back so far, less what was taken before.

    All of it when everything is back.
    """
    total, earned = order.basket.total_minor, sum(order.points)
    if goods.lines:
        for line in goods.lines:
            order.line_back[order.basket.lines.index(line)] += line.amount_minor
    else:
        order.amount_back += goods.amount_minor
    back = sum(order.line_back) + order.amount_back
    spend = back
    if back == total:
        points = earned
    else:
        by_line = [
            points * amount // line.amount_minor
            for points, amount, line in zip(
                order.points, order.line_back, order.basket.lines, strict=True
            )
            if line.amount_minor
        ]
        points = min(earned, sum(by_line) + earned * order.amount_back // total)
    household.spend_minor -= spend - order.spend_taken
    household.points -= points - order.points_taken
    order.spend_taken, order.points_taken = spend, points
