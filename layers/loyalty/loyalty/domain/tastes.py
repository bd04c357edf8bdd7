"""Tastes: what a customer likes, learned from the lines of their orders as these arrive.

A taste's weight is how many orders had it, each counting half as much after `HALF_LIFE_DAYS`. What
is kept is bounded: the strongest products and categories. Returns leave tastes alone: who sends a
product back was interested in it all the same, and the weight fades by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from loyalty.domain.calendar import program_day
from loyalty.domain.offers import Reason

if TYPE_CHECKING:
    from loyalty.domain.member import Member
    from loyalty.domain.orders import Order
    from loyalty.domain.program import ProgramDefinition

# Chosen on January-September of the benchmark's data (docs/curation.md).
HALF_LIFE_DAYS: Final = 120
SKUS_KEPT: Final = 128
CATEGORIES_KEPT: Final = 16
# Longer names are not learned: together with the numbers kept, this bounds the profile's item.
LONGEST_NAME: Final = 48
# Fewer digits, and a small weight would never fade in daily orders.
_DIGITS: Final = 4


class Taste(NamedTuple):
    """A product or category: its weight at `Tastes.as_of`, and in how many orders it was."""

    name: str
    weight: float
    orders: int


class Tastes(NamedTuple):
    """A customer's tastes on the program day `as_of`: strongest first, bounded in number."""

    as_of: date
    skus: tuple[Taste, ...] = ()
    categories: tuple[Taste, ...] = ()


def with_tastes_of(order: Order, member: Member, definition: ProgramDefinition) -> Member:
    """Return the customer with what an order tells of their tastes; the version stays.

    Nothing is learned of who objects to profiling.
    """
    if objects(member):
        return member
    lines = [line for line in order.lines if line.kind == "product"]
    bought = Tastes(
        program_day(order.occurred_at, definition.time_zone),
        _once_each(line.sku for line in lines),
        _once_each(line.category for line in lines if line.category is not None),
    )
    if not (bought.skus or bought.categories):
        return member
    return replace(member, tastes=together(member.tastes, bought))


def objects(member: Member) -> bool:
    """Tell whether the customer objects to profiling."""
    return member.preferences.get("profiling") is False


def forgotten(member: Member) -> Member:
    """Return the customer without tastes, and without offers that were chosen by these.

    What was activated or used stays, as a choice of the member's own; the version stays.
    """
    own = [offer for offer in member.offers if offer.activated_at is not None or offer.uses > 0]
    offers = tuple(replace(offer, reason=Reason("own_choice")) for offer in own)
    return replace(member, tastes=None, offers=offers)


def together(tastes: Tastes | None, more: Tastes | None, sign: int = 1) -> Tastes | None:
    """Add tastes up on the later one's day, or take `more` out of `tastes` with `sign` -1."""
    if more is None:
        return tastes
    tastes = tastes or Tastes(more.as_of)
    day = max(tastes.as_of, more.as_of)
    tastes, more = faded(tastes, day), faded(more, day)
    both = Tastes(
        day,
        _strongest(_sums(tastes.skus, more.skus, sign), SKUS_KEPT),
        _strongest(_sums(tastes.categories, more.categories, sign), CATEGORIES_KEPT),
    )
    return both if both.skus or both.categories else None


def faded(tastes: Tastes, day: date) -> Tastes:
    """Return tastes as they are on a later day; on an earlier one they are what they are."""
    if day <= tastes.as_of:
        return tastes
    factor = 0.5 ** ((day - tastes.as_of).days / HALF_LIFE_DAYS)
    return Tastes(
        day,
        tuple(taste._replace(weight=taste.weight * factor) for taste in tastes.skus),
        tuple(taste._replace(weight=taste.weight * factor) for taste in tastes.categories),
    )


def as_document(tastes: Tastes) -> list[object]:
    """Return tastes as what JSON holds, short since every order writes it."""
    return [tastes.as_of.isoformat(), tastes.skus, tastes.categories]


def of_document(document: list[Any]) -> Tastes:
    """Return the tastes of a document; raise `ValueError` for what is none."""
    day, skus, categories = document
    return Tastes(
        date.fromisoformat(day),
        tuple(Taste(*taste) for taste in skus),
        tuple(Taste(*taste) for taste in categories),
    )


def _once_each(names: Iterable[str]) -> tuple[Taste, ...]:
    kept = dict.fromkeys(name for name in names if len(name) <= LONGEST_NAME)
    return tuple(Taste(name, 1.0, 1) for name in kept)


def _sums(tastes: Iterable[Taste], more: Iterable[Taste], sign: int) -> Mapping[str, Taste]:
    sums = {taste.name: taste for taste in tastes}
    for name, weight, orders in more:
        before = sums.get(name, Taste(name, 0.0, 0))
        sums[name] = Taste(name, before.weight + sign * weight, before.orders + sign * orders)
    return sums


def _strongest(tastes: Mapping[str, Taste], kept: int) -> tuple[Taste, ...]:
    """Return the tastes to keep; weights too small to be written are dropped."""
    rounded = (taste._replace(weight=round(taste.weight, _DIGITS)) for taste in tastes.values())
    there = [taste for taste in rounded if taste.weight > 0 and taste.orders > 0]
    return tuple(sorted(there, key=lambda taste: (-taste.weight, taste.name))[:kept])
