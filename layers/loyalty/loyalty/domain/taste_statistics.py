"""What all customers buy, how faithfully, and what together; counted from their tastes."""

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
        Gives all of them, in random order, each time that it is called: once for the sums, and once
        more for what goes together, so that only sums are held.
    """
    skus, categories = _Sums(), _Sums()
    for one in tastes():
        skus.add(one.skus)
        categories.add(one.categories)
    sku_pairs, category_pairs = _Pairs(skus.most_bought()), _Pairs(categories.most_bought())
    for one in islice(tastes(), PAIRED_CUSTOMERS):
        sku_pairs.add(one.skus)
        category_pairs.add(one.categories)
    return Statistics(skus.statistics(sku_pairs), categories.statistics(category_pairs))


class _Sums:
    """Sums by name over customers."""

    def __init__(self) -> None:
        self.customers = 0
        self.weights: dict[str, float] = defaultdict(float)
        self.orders: dict[str, int] = defaultdict(int)
        self.buyers: dict[str, int] = defaultdict(int)

    def add(self, tastes: tuple[Taste, ...]) -> None:
        self.customers += 1
        for name, weight, orders in tastes:
            self.weights[name] += weight
            self.orders[name] += orders
            self.buyers[name] += 1

    def most_bought(self) -> frozenset[str]:
        return frozenset(nlargest(PAIRED_ITEMS, self.buyers, key=self._buyers))

    def statistics(self, pairs: _Pairs) -> dict[str, ItemStatistics]:
        kept = nlargest(ITEMS_KEPT, self.weights, key=self._weight)
        rates = {name: self.weights[name] / self.customers for name in kept}
        return {
            name: ItemStatistics(
                rate=rates[name],
                faith=(self.orders[name] + DOUBT) / (self.buyers[name] + DOUBT),
                companions=pairs.companions(name, rates),
            )
            for name in kept
        }

    def _weight(self, name: str) -> tuple[float, str]:
        return self.weights[name], name

    def _buyers(self, name: str) -> tuple[int, str]:
        return self.buyers[name], name


class _Pairs:
    """What customers of each of some items buy beside it."""

    def __init__(self, names: frozenset[str]) -> None:
        self.buyers: dict[str, int] = defaultdict(int)
        self.beside: dict[str, dict[str, float]] = {name: defaultdict(float) for name in names}

    def add(self, tastes: tuple[Taste, ...]) -> None:
        common = [(taste.name, taste.weight) for taste in tastes if taste.name in self.beside]
        for name, _ in common:
            self.buyers[name] += 1
            beside = self.beside[name]
            for other, weight in common:
                beside[other] += weight

    def companions(self, name: str, rates: Mapping[str, float]) -> tuple[Companion, ...]:
        buyers = self.buyers[name]
        gains = (
            Companion(other, (weight - buyers * rates[other]) / (buyers + DOUBT))
            for other, weight in self.beside.get(name, {}).items()
            if other != name and other in rates
        )
        best = nlargest(COMPANIONS_KEPT, gains, key=lambda one: (one.gain, one.name))
        return tuple(companion for companion in best if companion.gain > 0)
