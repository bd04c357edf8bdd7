"""Splitting, converting and earning without losing a cent or a point."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.errors import UnknownCurrency
from loyalty.domain.money import allocate, points_for, to_accounting
from loyalty.domain.orders import Money
from tests.support.examples import PROGRAM


@given(
    total=st.integers(0, 10**12),
    weights=st.lists(st.integers(0, 10**12), min_size=1).filter(any),
)
def test_parts_add_up_and_stay_within_one_unit_of_their_share(
    total: int, weights: list[int]
) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


def test_the_largest_remainder_gets_the_unit() -> None:
    assert allocate(10, [1, 1, 1]) == (4, 3, 3)
    assert allocate(100, [333, 333, 334]) == (33, 33, 34)
    assert allocate(1, [1, 2]) == (0, 1)


def test_nothing_can_be_split_over_nothing() -> None:
    assert allocate(0, []) == ()
    assert allocate(0, [0, 0]) == (0, 0)
    with pytest.raises(ValueError, match="without weight"):
        allocate(1, [0])


@pytest.mark.parametrize(
    ("amount_minor", "currency", "day", "accounting_minor"),
    [
        (1234, "EUR", date(2017, 3, 1), 1234),
        (1000, "USD", date(2017, 2, 28), 950),
        (1000, "USD", date(2017, 3, 1), 900),
        (1000, "JPY", date(2017, 3, 1), 810),
        (5, "USD", date(2017, 3, 1), 4),  # 4.5: half to even
        (15, "USD", date(2017, 3, 1), 14),  # 13.5: half to even
    ],
)
def test_converts_with_the_rate_of_the_day(
    amount_minor: int, currency: str, day: date, accounting_minor: int
) -> None:
    assert to_accounting(Money(amount_minor, currency), PROGRAM, day) == accounting_minor


@pytest.mark.parametrize(
    ("currency", "day"), [("GBP", date(2017, 3, 1)), ("USD", date(2016, 12, 31))]
)
def test_refuses_a_currency_without_a_rate(currency: str, day: date) -> None:
    with pytest.raises(UnknownCurrency):
        to_accounting(Money(1, currency), PROGRAM, day)


@pytest.mark.parametrize(
    ("eligible_minor", "rate", "points"),
    [
        (999, "0.10", 0),
        (1000, "0.10", 1),
        (1999, "0.10", 1),
        (0, "0.10", 0),
        (1, "100", 1),
        (10**15 + 9, "0.1", 10**12),
    ],
)
def test_points_are_whole_and_never_rounded_up(eligible_minor: int, rate: str, points: int) -> None:
    assert points_for(eligible_minor, Decimal(rate), minor_digits=2) == points


def test_points_of_a_currency_without_minor_units() -> None:
    assert points_for(15, Decimal("0.10"), minor_digits=0) == 1
