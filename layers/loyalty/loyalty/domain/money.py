"""Integer money: fair splitting, exact conversion, whole points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from loyalty.domain.errors import UnknownCurrency
from loyalty.domain.orders import Money
from loyalty.domain.program import ExchangeRate, ProgramDefinition


def allocate(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split `total` in proportion to `weights` by largest remainder.

    Parameters
    ----------
    total
        Units to split, ≥ 0.
    weights
        One weight ≥ 0 per part. Of equal remainders the earlier part gets the unit.

    Returns
    -------
    tuple of int
        One part per weight, each less than one unit from its exact share; together `total`.

    Raises
    ------
    ValueError
        There is something to split, but no weight to split it by.
    """
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("cannot split an amount over parts without weight")
        return (0,) * len(weights)
    shares = [divmod(total * weight, whole) for weight in weights]
    missing = total - sum(floor for floor, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda part: -shares[part][1])
    rounded_up = set(by_remainder[:missing])
    return tuple(floor + (part in rounded_up) for part, (floor, _) in enumerate(shares))


def to_accounting(money: Money, definition: ProgramDefinition, day: date) -> int:
    """Convert `money` with the rate that was valid on the program day `day`.

    Returns
    -------
    int
        Minor units of the program's currency, half to even.

    Raises
    ------
    UnknownCurrency
        The definition has no rate for the currency that was valid by then.
    """
    if money.currency == definition.currency:
        return money.amount_minor
    rate = _rate_on(money.currency, definition, day)
    major = Fraction(money.amount_minor, _units(rate.minor_digits))
    return round(major * Fraction(rate.rate) * _units(definition.minor_digits))


def points_for(eligible_minor: int, earn_rate: Decimal, minor_digits: int) -> int:
    """Return floor(eligible major units × `earn_rate`): whole points, computed exactly."""
    numerator, denominator = earn_rate.as_integer_ratio()
    return eligible_minor * numerator // (denominator * _units(minor_digits))


def _units(minor_digits: int) -> int:
    """Return how many minor units make a major one."""
    return int(10**minor_digits)


def _rate_on(currency: str, definition: ProgramDefinition, day: date) -> ExchangeRate:
    valid = [
        rate
        for rate in definition.exchange_rates
        if rate.currency == currency and rate.valid_from <= day
    ]
    if not valid:
        raise UnknownCurrency(f"the program has no exchange rate for {currency} on {day}")
    return max(valid, key=lambda rate: rate.valid_from)
