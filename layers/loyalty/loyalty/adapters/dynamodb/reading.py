"""Reads that PynamoDB's models do not do well: mixed kinds of items, and indexes of keys."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pynamodb.indexes import Index
from pynamodb.models import Model

from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.tables import MembersItem, Tables
from loyalty.services.ports import ChangeRefused

BATCH_LIMIT = 100
ATTEMPTS = 5
BASE_DELAY_SECONDS = 0.02

AnyItem = TypeVar("AnyItem", bound=Model)

# An item or a key as DynamoDB has it: attribute name → {type: value}.
Raw = dict[str, dict[str, Any]]


def read_items(tables: Tables, wanted: Iterable[Key]) -> list[MembersItem]:
    """Return those of the wanted items of MembersTable that exist, in any order.

    As `read_across`, of which this is the usual case.
    """
    return read_across(tables, {MembersItem: list(wanted)})


def read_across(tables: Tables, wanted: Mapping[type[AnyItem], Sequence[Key]]) -> list[AnyItem]:
    """Return those of the wanted items that exist, in any order: one consistent BatchGetItem.

    PynamoDB's own `batch_get` knows one table, and asks again for what a throttled one left out at
    once and without end; here it is asked for with full jitter, and given up after five times.

    Parameters
    ----------
    tables
        The bound tables.
    wanted
        Keys by the base model of their table; at most 100 in all. Without any, nothing is asked.

    Raises
    ------
    ChangeRefused
        The tables kept leaving items out.
    """
    models = {str(model.Meta.table_name): model for model in wanted}
    keys = {name: wanted[model] for name, model in models.items()}
    return [models[name].from_raw_data(item) for name, item in read_raw(tables, keys)]


def read_raw(tables: Tables, wanted: Mapping[str, Sequence[Key]]) -> list[tuple[str, Raw]]:
    """Return items as they are, each with its table's name; all else as `read_across`."""
    if sum(map(len, wanted.values())) > BATCH_LIMIT:
        raise ValueError(f"DynamoDB gives {BATCH_LIMIT} items at once")
    rest: dict[str, Any] = {
        name: {
            "Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys],
            "ConsistentRead": True,
        }
        for name, keys in wanted.items()
        if keys
    }
    found: list[tuple[str, Raw]] = []
    for attempt in range(ATTEMPTS):
        if not rest:
            return found
        if attempt:
            longest = BASE_DELAY_SECONDS * 2 ** (attempt - 1)
            time.sleep(random.uniform(0, longest))  # noqa: S311 -- jitter, not a secret
        answer = tables.connection.dispatch("BatchGetItem", {"RequestItems": rest})
        for table_name, items in answer["Responses"].items():
            found += ((table_name, item) for item in items)
        rest = answer.get("UnprocessedKeys") or {}
    if rest:
        raise ChangeRefused("the tables are out of read capacity")
    return found


def index_pages(
    tables: Tables,
    index: Index[MembersItem],
    hash_key: str | int,
    *,
    newest_first: bool = False,
    limit: int | None = None,
    start: Raw | None = None,
) -> Iterator[list[Raw]]:
    """Yield pages of keys of an index, at least one: one eventually consistent Query each.

    PynamoDB's models would filter by `item_type`, which an index of keys does not have.
    """
    while True:
        answer = tables.connection.query(
            tables.members,
            str(hash_key),
            index_name=index.Meta.index_name,
            scan_index_forward=not newest_first,
            limit=limit,
            exclusive_start_key=start,
        )
        yield answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if not start:
            return
