"""The monthly figures, counted again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.replay.months import Months

NOON = datetime(2017, 6, 2, 12, tzinfo=UTC)
PROGRAM: dict[str, Any] = {"currency": "USD", "tiers": [{"name": "silver"}]}


def test_a_month_that_begins_with_a_return_stays_below_nothing_until_something_is_bought() -> None:
    months = Months(PROGRAM)
    months.taken_back(NOON, "silver", 2655, 2)
    months.bought(NOON, 1, "", 1000, 0)
    assert months.roi("2017-06")["revenue"] == {"amount_minor": -2655, "currency": "USD"}
    months.bought(NOON, 2, "silver", 3000, 3)
    assert months.roi("2017-06")["revenue"] == {"amount_minor": 345, "currency": "USD"}
