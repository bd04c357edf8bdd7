"""What all customers buy: how often, how faithfully, and what together; counted from their tastes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import nlargest
from itertools import islice
from typing import Final, NamedTuple

from loyalty.domain.tastes import Taste, Tastes

# So many products and categories have statistics at most, so many of these know what goes together
# with them, counted over so many customers, and each with so many others.
ITEMS_KEPT: Final = 20_000
PAIRED_ITEMS: Final = 2_000
PAIRED_CUSTOMERS: Final = 20_000
COMPANIONS_KEPT: Final = 20
# As many customers as are taken to have bought an item once, until more is known of it.
DOUBT: Final = 5


class Companion(NamedTuple):
    """Who buys an item buys `name` so many times more, by weight, than customers on average."""

    name: str
    gain: float


class ItemStatistics(NamedTuple):
    """A product or category: `rate` is its mean weight over all customers.

    `faith` is in how many orders of a customer it is who bought it at all, on average, from 1 on.
    """

    rate: float
    faith: float
    companions: tuple[Companion, ...] = ()


class Statistics(NamedTuple):
    """Statistics by name; what is seldom bought is not there."""

    skus: Mapping[str, ItemStatistics]
    categories: Mapping[str, ItemStatistics]


def count_statistics(tastes: Callable[[], Iterable[Tastes]]) -> Statistics:
    """Count statistics over the tastes of all customers, all as of the same day.

    Parameters
    ----------
    tastes
        Gives all of them, in random order, each time that it is called: twice for each of the two
        kinds, so that only sums are held.
    """
    return Statistics(
        _counted(lambda: (one.skus for one in tastes())),
        _counted(lambda: (one.categories for one in tastes())),
    )


def _counted(tastes: Callable[[], Iterable[tuple[Taste, ...]]]) -> dict[str, ItemStatistics]:
    weights: dict[str, float] = defaultdict(float)
    orders: dict[str, int] = defaultdict(int)
    buyers: dict[str, int] = defaultdict(int)
    customers = 0
    for own in tastes():
        customers += 1
        for name, weight, count in own:
            weights[name] += weight
            orders[name] += count
            buyers[name] += 1
    kept = nlargest(ITEMS_KEPT, weights, key=lambda name: (weights[name], name))
    rates = {name: weights[name] / customers for name in kept}
    paired = set(nlargest(PAIRED_ITEMS, kept, key=lambda name: (buyers[name], name)))
    companions = _companions(islice(tastes(), PAIRED_CUSTOMERS), paired, rates)
    return {
        name: ItemStatistics(
            rate=rates[name],
            faith=(orders[name] + DOUBT) / (buyers[name] + DOUBT),
            companions=companions.get(name, ()),
        )
        for name in kept
    }


def _companions(
    tastes: Iterable[tuple[Taste, ...]], paired: set[str], rates: Mapping[str, float]
) -> dict[str, tuple[Companion, ...]]:
    """Return what customers of each of the `paired` items buy more than others do."""
    sums: dict[str, dict[str, float]] = {name: defaultdict(float) for name in paired}
    buyers: dict[str, int] = defaultdict(int)
    for own in tastes:
        common = [(taste.name, taste.weight) for taste in own if taste.name in paired]
        for name, _ in common:
            buyers[name] += 1
            beside = sums[name]
            for other, weight in common:
                beside[other] += weight
    found = {}
    for name, beside in sums.items():
        gains = (
            Companion(other, (weight - buyers[name] * rates[other]) / (buyers[name] + DOUBT))
            for other, weight in beside.items()
            if other != name
        )
        best = nlargest(COMPANIONS_KEPT, gains, key=lambda one: (one.gain, one.name))
        found[name] = tuple(companion for companion in best if companion.gain > 0)
    return found
