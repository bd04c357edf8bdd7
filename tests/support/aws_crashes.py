"""Crashes between a function and DynamoDB: before a call takes effect, and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support.crashes import Fuse
from tests.support.moto_app import MotoApp

TABLES = ("MembersTable", "ProgramTable", "VouchersTable")

Items = dict[str, list[dict[str, Any]]]


@contextmanager
def crashing(fuse: Fuse) -> Iterator[None]:
    """Let every call of DynamoDB burn the fuse, twice, while the block runs."""
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def burning(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return original(client, operation, parameters)
        fuse.burn()
        answer = original(client, operation, parameters)
        fuse.burn()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", burning)
        yield


def everything_stored(app: MotoApp) -> Items:
    """Return all items of all tables, by table, in the order of their keys."""
    return {table: sorted(app.items(table), key=_key) for table in TABLES}


def restore(app: MotoApp, items: Items) -> None:
    """Make the tables hold exactly these items again."""
    client = app.client("dynamodb")
    for table, wanted in items.items():
        there = app.items(table)
        keys = {_key(item) for item in wanted}
        for item in there:
            if _key(item) not in keys:
                client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
        for item in wanted:
            if item not in there:
                client.put_item(TableName=table, Item=item)


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
