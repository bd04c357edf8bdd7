"""`python -m benchmarks.curation`: the product's ranking against others, on real baskets.

Learned from January to September, judged by every basket of October to December. What can be tuned
was tuned on a cut inside January-September: learned until June, judged on July-September.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby

from benchmarks.basket_models import (
    TIFU_KNN_GRID,
    Scores,
    implicit_models,
    popularity,
    tifu_knn,
)
from benchmarks.baskets import AMONG, PLACES, Among, Lists, Split, as_lists, purchases, table
from loyalty.domain.curation import rank
from loyalty.domain.default_program import DEFAULT_PROGRAM
from loyalty.domain.member import Member
from loyalty.domain.offers import Offer
from loyalty.domain.orders import Money, Order, OrderKey, OrderLine
from loyalty.domain.taste_statistics import Statistics, count_statistics
from loyalty.domain.tastes import Tastes, faded, with_tastes_of

_BEGIN, _END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
_VALIDATION = (date(2017, 7, 1), date(2017, 10, 1))
_JUDGEMENT = (date(2017, 10, 1), date(2018, 1, 1))
# Products that no taste speaks for are as good as they are popular: the first of these are enough.
_POPULAR = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate", action="store_true", help="only curation, on the validation")
    arguments = parser.parse_args()
    bought = purchases()
    validation = Split.of(bought, *_VALIDATION)
    if arguments.validate:
        print(table([("curation", validation.judge(curated(validation)))]))
        return
    validation = validation.of_every(3)
    split = Split.of(bought, *_JUDGEMENT)
    print(f"{len(split.judged)} customers judged, {len(split.products)} products")
    lists = {
        "popularity": split.top(popularity(split)),
        "TIFU-kNN": split.top(_best_tifu_knn(validation, split)),
        **_best_implicit(validation, split),
    }
    began = time.process_time()
    lists["curation"] = curated(split)
    print(f"curation: {time.process_time() - began:.0f} s of CPU")
    for unit, told in (("basket", "every basket"), ("next", "first basket"), ("quarter", "all")):
        figures = {name: split.judge(given, unit) for name, given in lists.items()}
        print(f"\n{told} of October-December\n{table(figures.items())}")
        ratios = [
            f"{among} {figures['curation'][among][i] / figures['popularity'][among][i]:.2f}"
            for i in (0, 1)
            for among in AMONG
        ]
        print("curation to popularity: hit rate", *ratios[:3], "NDCG", *ratios[3:])


def curated(split: Split) -> Lists:
    """Return the lists of the product's own code: an offer for each product that was bought."""
    tastes = dict(_tastes(split))
    today = split.cut
    statistics = count_statistics(lambda: _shuffled(tastes.values(), today))
    known = json.loads(json.dumps({sku: item.rate for sku, item in statistics.skus.items()}))
    popular = sorted(known, key=lambda sku: -known[sku])[:_POPULAR]
    offers = {str(sku): _offer(str(sku)) for sku in split.products}
    chosen: dict[Among, dict[int, list[int]]] = {among: {} for among in AMONG}
    for customer in split.judged:
        row = split.bought[customer]
        had = {str(sku) for sku in split.products[row.indices]}
        candidates = had.union(popular, _suggested(tastes[customer], statistics))
        ranked = rank([offers[sku] for sku in candidates], tastes[customer], statistics, today)
        best = [one.offer.sku for one in ranked]
        for among in AMONG:
            own = [sku for sku in best if among == "all" or (sku in had) == (among == "repeat")]
            numbers = split.products.get_indexer([int(sku) for sku in own[:PLACES]])
            chosen[among][customer] = list(numbers)
    return as_lists(chosen, len(split.customers))


def _tastes(split: Split) -> Iterator[tuple[int, Tastes]]:
    """Let members learn from their orders one by one, as the program does."""
    rows = zip(
        split.learned["customer"],
        split.learned["basket_id"],
        split.learned["at"],
        split.learned["product_id"],
        split.learned["category"],
        strict=True,
    )
    members: dict[int, Member] = {}
    for (customer, basket, at), lines in groupby(rows, key=lambda row: row[:3]):
        order = Order(
            key=OrderKey("pos", str(basket)),
            occurred_at=at.to_pydatetime().replace(tzinfo=UTC),
            total=Money(0, DEFAULT_PROGRAM.currency),
            lines=tuple(
                OrderLine(str(sku), 1, 0, category=category if category == category else None)
                for *_, sku, category in lines
            ),
        )
        member = members.get(customer) or Member(str(customer), 1, created_at=_BEGIN)
        members[customer] = with_tastes_of(order, member, DEFAULT_PROGRAM)
    for customer, member in members.items():
        if member.tastes is not None:
            yield customer, member.tastes


def _shuffled(tastes: Iterable[Tastes], today: date) -> list[Tastes]:
    """Return tastes as of today, in the random order that ids give in the program's exports."""
    found = [faded(own, today) for own in tastes]
    random.Random(0).shuffle(found)  # noqa: S311
    return found


def _suggested(tastes: Tastes, statistics: Statistics) -> Iterator[str]:
    for taste in tastes.skus:
        if taste.name in statistics.skus:
            yield from (companion.name for companion in statistics.skus[taste.name].companions)


def _offer(sku: str) -> Offer:
    return Offer(sku, 1, sku, "product", valid_from=_BEGIN, expires_at=_END, sku=sku)


def _ndcg(split: Split, scores: Scores, among: Among = "all") -> float:
    return split.judge(split.top(scores))[among][1]


def _best_tifu_knn(validation: Split, split: Split) -> Scores:
    found = {
        chosen: _ndcg(validation, scores) for chosen, scores in tifu_knn(validation, TIFU_KNN_GRID)
    }
    best = max(found, key=lambda chosen: found[chosen])
    print(f"best on the validation: {best}, NDCG {found[best]:.4f}", flush=True)
    ((_, scores),) = tifu_knn(split, [best])
    return scores


def _best_implicit(validation: Split, split: Split) -> dict[str, Lists]:
    """Return the lists of the best model among all products, and of the best among new ones."""
    models = implicit_models()
    found: dict[str, tuple[float, float]] = {}
    for name, learn in models.items():
        judged = validation.judge(validation.top(learn(validation)))
        found[name] = (judged["all"][1], judged["new"][1])
        print(
            f"validation: {name}, NDCG {found[name][0]:.4f}, new {found[name][1]:.4f}", flush=True
        )
    best = {max(found, key=lambda name, kind=kind: found[name][kind]) for kind in (0, 1)}
    return {f"implicit: {name}": split.top(models[name](split)) for name in sorted(best)}


if __name__ == "__main__":
    main()
