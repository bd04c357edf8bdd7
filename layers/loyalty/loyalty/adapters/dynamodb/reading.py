"""Reads that PynamoDB's models do not do well: mixed kinds of items, and indexes of keys."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

from pynamodb.indexes import Index

from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.tables import MembersItem, Tables
from loyalty.services.ports import ChangeRefused

BATCH_LIMIT = 100
ATTEMPTS = 5
BASE_DELAY_SECONDS = 0.02

# An item or a key as DynamoDB has it: attribute name → {type: value}.
Raw = dict[str, dict[str, Any]]


def read_items(tables: Tables, wanted: Iterable[Key]) -> list[MembersItem]:
    """Return those of the wanted items that exist, in any order: one consistent BatchGetItem.

    PynamoDB's own `batch_get` asks again for what a throttled table left out at once and without
    end; here it is asked for with full jitter, and given up after five times.

    Raises
    ------
    ChangeRefused
        The table kept leaving items out.
    """
    rest: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in wanted]
    if len(rest) > BATCH_LIMIT:
        raise ValueError(f"{len(rest)} items at once; DynamoDB gives {BATCH_LIMIT}")
    found: list[MembersItem] = []
    if not rest:  # DynamoDB refuses to read nothing
        return found
    for attempt in range(ATTEMPTS):
        answer = tables.connection.batch_get_item(tables.members, rest, consistent_read=True)
        found += map(MembersItem.from_raw_data, answer["Responses"].get(tables.members, []))
        rest = answer.get("UnprocessedKeys", {}).get(tables.members, {}).get("Keys", [])
        if not rest:
            return found
        time.sleep(random.uniform(0, BASE_DELAY_SECONDS * 2**attempt))  # noqa: S311
    raise ChangeRefused("the table is out of read capacity")


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
