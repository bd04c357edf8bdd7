"""What the figures must be, worked out again from the data set alone, with pandas and Decimal.

Shares no code with the product. It reads the replay's journal (what was sent) and, from the live
tables, only what no data set can tell: each household's member id and the instant of joining.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pandas as pd

from local.replay.behaviour import GoodsBack
from local.replay.dataset import Basket
from local.replay.journal import Journal


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


def recompute(journal: Journal, live: pd.DataFrame, definition: dict[str, Any]) -> pd.DataFrame:
    """Return a row per household: orders, spend_minor, points, crossing_order, variant.

    Parameters
    ----------
    journal
        What was sent, in order.
    live
        Index household; columns `member_id` and `joined_at` (NaT: not enrolled).
    definition
        The program definition as the API shows it.
    """
    thresholds = {variant["name"]: variant["threshold_minor"] for variant in definition["variants"]}
    drawn = _variants(live, definition)
    rate = Decimal(definition["earn_rate"])
    households = {int(str(household)): _Household() for household in live.index}
    bought: dict[str, _Bought] = {}
    early: dict[str, list[GoodsBack]] = {}
    for item in journal.sent:
        if isinstance(item, GoodsBack):
            if order := bought.get(item.basket.order_id):
                _take_back(order, item, households[item.basket.household])
            else:
                early.setdefault(item.basket.order_id, []).append(item)
        elif item.order_id not in bought:
            household = households[item.household]
            earns = _joined_before(live.at[item.household, "joined_at"], item.occurred_at)
            order = bought[item.order_id] = _buy(item, rate if earns else Decimal(0), household)
            for goods in early.pop(item.order_id, []):
                _take_back(order, goods, household)
            variant = drawn[item.household]
            if not household.crossing_order and household.spend_minor >= thresholds[variant]:
                household.crossing_order, household.variant = item.order_id, variant
    rows = {number: asdict(household) for number, household in households.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("household").sort_index()


def _buy(basket: Basket, rate: Decimal, household: _Household) -> _Bought:
    points = _line_points(basket, rate)
    household.orders += 1
    household.spend_minor += basket.total_minor
    household.points += sum(points)
    return _Bought(basket, points, line_back=[0] * len(basket.lines))


def _joined_before(joined_at: Any, moment: datetime) -> bool:
    return bool(pd.notna(joined_at)) and moment >= joined_at.to_pydatetime()


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
