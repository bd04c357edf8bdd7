"""One read over several tables."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.models import Model

from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.reading import ATTEMPTS, BASE_DELAY_SECONDS, BATCH_LIMIT
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.services.ports import ChangeRefused


def read_across(tables: Tables, wanted: Mapping[type[Model], Sequence[Key]]) -> list[Model]:
    """Return those of the wanted items that exist, in any order: one consistent BatchGetItem.

    Parameters
    ----------
    tables
        The bound tables.
    wanted
        Keys by the base model of their table; at most 100 in all.

    Raises
    ------
    ChangeRefused
        The tables kept leaving items out.
    """
    if sum(map(len, wanted.values())) > BATCH_LIMIT:
        raise ValueError(f"DynamoDB gives {BATCH_LIMIT} items at once")
    models = {str(model.Meta.table_name): model for model in wanted}
    rest: dict[str, Any] = {
        str(model.Meta.table_name): {
            "Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys],
            "ConsistentRead": True,
        }
        for model, keys in wanted.items()
        if keys
    }
    found: list[Model] = []
    for attempt in range(ATTEMPTS):
        if not rest:
            return found
        if attempt:
            time.sleep(random.uniform(0, BASE_DELAY_SECONDS * 2**attempt))  # noqa: S311
        answer = tables.connection.dispatch("BatchGetItem", {"RequestItems": rest})
        for table_name, items in answer["Responses"].items():
            found += map(models[table_name].from_raw_data, items)
        rest = answer.get("UnprocessedKeys") or {}
    if rest:
        raise ChangeRefused("the tables are out of read capacity")
    return found
