"""The models that curation is compared with: popularity, TIFU-kNN, and those of `implicit`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)

from benchmarks.baskets import Split

Scores = Callable[[np.ndarray], np.ndarray]
_SEED = 20260101


class TifuKnn(NamedTuple):
    """Hyper-parameters of arXiv 2006.00556: groups of baskets, decay within and between these.

    `neighbours` are averaged, and weigh 1 - `own`.
    """

    groups: int
    within: float
    between: float
    neighbours: int
    own: float


# Around the paper's best for this kind of data.
TIFU_KNN_GRID = [
    TifuKnn(*decay, neighbours, own)
    for decay, neighbours, own in product(
        [(7, 0.9, 0.7), (7, 0.9, 0.9), (7, 1.0, 0.9), (1, 1.0, 1.0)],
        [100, 300],
        [0.1, 0.3, 0.5],
    )
]


def popularity(split: Split) -> Scores:
    """Score products by how many customers bought them."""
    buyers = (split.bought > 0).sum(axis=0).A1
    return lambda customers: np.tile(buyers / len(split.customers), (len(customers), 1))


def tifu_knn(split: Split, parameters: list[TifuKnn]) -> Iterator[tuple[TifuKnn, Scores]]:
    """Give the scores for each set of parameters; what sets have in common is computed once."""
    before: tuple[Any, ...] = ()
    for chosen in parameters:
        if chosen[:3] != before[:3]:
            own = _frequencies(split, chosen)
            distances = _distances(own)
        if chosen[:4] != before[:4]:
            others = _neighbours(distances, chosen.neighbours) @ own
        before = chosen
        yield chosen, _mixed(own, others, chosen.own)


def _mixed(own: sparse.csr_matrix, others: sparse.csr_matrix, share: float) -> Scores:
    return lambda customers: (share * own[customers] + (1 - share) * others[customers]).toarray()


def _frequencies(split: Split, parameters: TifuKnn) -> sparse.csr_matrix:
    """Return each customer's vector: a mean of groups of means of baskets, later ones heavier."""
    baskets = split.learned.drop_duplicates("basket_id")
    position = baskets.groupby("customer").cumcount().to_numpy()
    count = baskets.groupby("customer")["basket_id"].transform("size").to_numpy()
    size = np.ceil(count / parameters.groups).astype(int)
    back = count - 1 - position
    group, within = back // size, back % size
    filled = np.minimum(size, count - group * size)
    weight = parameters.within**within / filled
    weight *= parameters.between**group / np.ceil(count / size)
    of_basket = pd.Series(weight, index=baskets["basket_id"].to_numpy())
    rows = split.learned
    return sparse.csr_matrix(
        (of_basket.loc[rows["basket_id"]].to_numpy(), (rows["customer"], rows["product"])),
        shape=split.bought.shape,
    )


def _distances(vectors: sparse.csr_matrix) -> np.ndarray:
    squares = vectors.multiply(vectors).sum(axis=1).A1
    distances = squares[:, None] + squares[None] - 2 * (vectors @ vectors.T).toarray()
    np.fill_diagonal(distances, np.inf)
    return distances


def _neighbours(distances: np.ndarray, count: int) -> sparse.csr_matrix:
    nearest = np.argpartition(distances, count, axis=1)[:, :count]
    rows = np.repeat(np.arange(len(distances)), count)
    weights = np.full(nearest.size, 1 / count)
    return sparse.csr_matrix((weights, (rows, nearest.ravel())), shape=distances.shape)


def implicit_models() -> dict[str, Callable[[Split], Scores]]:
    """Return how each model of the library that is tried is learned, by name."""
    kinds = (ItemItemRecommender, CosineRecommender, TFIDFRecommender, BM25Recommender)
    models: dict[str, Callable[[Split], Scores]] = {
        f"{kind.__name__}(K={neighbours}), {'log counts' if is_damped else 'counts'}": partial(
            _item_scores, kind=kind, neighbours=neighbours, is_damped=is_damped
        )
        for kind, neighbours, is_damped in product(kinds, (20, 100), (False, True))
    }
    for factors, alpha in product((64, 128), (1.0, 10.0)):
        name = f"ALS(factors={factors}, alpha={alpha:g}), log counts"
        models[name] = partial(_als_scores, factors=factors, alpha=alpha)
    return models


def _item_scores(
    split: Split, *, kind: type[ItemItemRecommender], neighbours: int, is_damped: bool
) -> Scores:
    counts = split.bought.astype(np.float64)
    matrix = counts.log1p().tocsr() if is_damped else counts
    model = kind(K=neighbours, num_threads=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, show_progress=False)
    similarity = model.similarity
    return lambda customers: (matrix[customers] @ similarity).toarray()


def _als_scores(split: Split, *, factors: int, alpha: float) -> Scores:
    model = AlternatingLeastSquares(
        factors=factors, regularization=0.1, alpha=alpha, random_state=_SEED, num_threads=0
    )
    model.fit(split.bought.log1p().tocsr(), show_progress=False)
    return _factor_scores(model.user_factors, model.item_factors)


def _factor_scores(customers_: np.ndarray, products: np.ndarray) -> Scores:
    return lambda customers: customers_[customers] @ products.T
