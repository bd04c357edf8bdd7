"""The independent recomputation, on a year of two orders that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from local.replay.behaviour import GoodsBack
from local.replay.dataset import Basket, Line
from local.replay.journal import Journal
from local.replay.recompute import recompute

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)
PROGRAM = {
    "earn_rate": "0.10",
    "assignment_seed": "any",
    "variants": [{"name": "only", "weight": 1, "threshold_minor": 5000}],
}
MILK = Line("milk", "DAIRY", 1, 1990)
BEER = Line("beer", "DRINKS", 2, 3010)


def basket(order_id: str, *lines: Line) -> Basket:
    return Basket(7, order_id, "1", NOON, lines)


def live(joined_at: datetime | None = NOON) -> pd.DataFrame:
    return pd.DataFrame(
        {"member_id": ["m1"], "joined_at": [pd.Timestamp(joined_at) if joined_at else pd.NaT]},
        index=pd.Index([7], name="household"),
    )


def figures(*sent: Basket | GoodsBack, joined_at: datetime | None = NOON) -> dict[str, object]:
    found = recompute(Journal(sent=list(sent)), live(joined_at), PROGRAM)
    row: dict[str, object] = found.loc[7].to_dict()
    return row


def test_points_are_rounded_down_once_an_order() -> None:
    assert figures(basket("a", MILK, BEER))["points"] == 5
    assert figures(basket("a", MILK), basket("b", BEER))["points"] == 1 + 3


def test_who_has_not_joined_collects_spend_only() -> None:
    found = figures(basket("a", MILK, BEER), joined_at=None)
    assert (found["spend_minor"], found["points"]) == (5000, 0)


def test_the_order_that_reaches_the_threshold_crosses() -> None:
    assert figures(basket("a", MILK), basket("b", BEER))["crossing_order"] == "b"
    assert figures(basket("a", MILK))["crossing_order"] == ""


@pytest.mark.parametrize("is_early", [True, False])
def test_a_return_takes_back_what_its_line_earned(is_early: bool) -> None:
    order = basket("a", MILK, BEER)
    goods = GoodsBack(order, NOON, lines=(BEER,))
    sent = (goods, order) if is_early else (order, goods)
    found = figures(*sent)
    assert (found["spend_minor"], found["points"]) == (1990, 2)
    assert found["crossing_order"] == ("" if is_early else "a")


def test_everything_back_leaves_nothing() -> None:
    order = basket("a", MILK, BEER)
    found = figures(order, GoodsBack(order, NOON, amount_minor=5000))
    assert (found["spend_minor"], found["points"]) == (0, 0)


def test_an_order_sent_twice_counts_once() -> None:
    assert figures(basket("a", MILK), basket("a", MILK))["orders"] == 1
