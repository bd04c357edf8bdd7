"""Time to live as the template says, by the program's time.

Raw MiniStack ignores ``TimeToLiveSpecification`` when CloudFormation creates or updates a
table, so nothing ever expires; once switched on, it deletes by the wall clock, outside any
lock, and writes no stream record. AWS switches it on with the table, and its deletions are
in the stream as the service's own, up to days after the expiry. Here they come once a day of the
program's time.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import set_request_account_id, set_request_region

from local.clock import Source, program_clock
from local.emulator.fixes.dynamodb_lock import LOCK

_TABLE = "AWS::DynamoDB::Table"
_MODULE = "ministack.services.dynamodb"
_REAPER = "dynamodb-ttl-reaper"
_SWEEP_SECONDS = 86_400.0
_SERVICE_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def _import_without_reaper() -> Any:
    """Import MiniStack's DynamoDB, but keep it from starting its own deleting thread."""
    if _MODULE in sys.modules:
        raise RuntimeError(f"{_MODULE} must be imported here first")
    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name != _REAPER:
            start(thread)

    threading.Thread.start = start_others  # type: ignore[method-assign, assignment]
    try:
        return importlib.import_module(_MODULE)
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


dynamodb = _import_without_reaper()


def apply() -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[_TABLE]
    create, update = handlers["create"], handlers["update"]

    def create_with_ttl(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        result = create(logical_id, properties, stack_name)
        _set_time_to_live(result[0], properties)
        return result

    def update_with_ttl(
        physical_id: str,
        old_properties: dict[str, Any],
        new_properties: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Any:
        result = update(physical_id, old_properties, new_properties, stack_name, logical_id)
        _set_time_to_live(result[0], new_properties)
        return result

    handlers["create"], handlers["update"] = create_with_ttl, update_with_ttl
    sweeper = _Sweeper()
    program_clock().add_source("time to live", Source(sweeper.next_due, sweeper.fire))
    program_clock().on_jump(sweeper.plan_anew)


def _set_time_to_live(table_name: str, properties: dict[str, Any]) -> None:
    specification = properties.get("TimeToLiveSpecification")
    if not specification:
        return
    # Values that came through a template's parameters are strings.
    enabled = str(specification["Enabled"]).lower() == "true"
    status, _, body = dynamodb._update_ttl(
        {
            "TableName": table_name,
            "TimeToLiveSpecification": {
                "AttributeName": specification["AttributeName"],
                "Enabled": enabled,
            },
        }
    )
    if status >= 400:
        raise ValueError(f"{_TABLE} {table_name}: {body!r}")


class _Sweeper:
    """A source of the program clock: one sweep a day, while there is anything to expire."""

    def __init__(self) -> None:
        self._due: float | None = None

    def next_due(self) -> float | None:
        if not any(table["items"] for table, _ in _tables_with_ttl()):
            return None
        if self._due is None:
            self.plan_anew(program_clock().now())
        return self._due

    def plan_anew(self, now: float) -> None:
        self._due = now + _SWEEP_SECONDS

    def fire(self, due: float) -> None:
        self.plan_anew(due)
        sweep(due)


def _tables_with_ttl() -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each table that has time to live, within its account and region, and the attribute."""
    for (account, region, table_name), setting in dynamodb._ttl_settings.all_items():
        table = dynamodb._tables.get_scoped(account, region, table_name)
        if table is not None and setting["TimeToLiveStatus"] == "ENABLED":
            set_request_account_id(account)
            set_request_region(region)
            yield table, setting["AttributeName"]


def sweep(now: float) -> None:
    """Delete every item that had expired at ``now`` (epoch seconds)."""
    for table, attribute_name in _tables_with_ttl():
        # In one expression, as this looks at every item of the program every day.
        expired = [
            (partition_key, sort_key, item)
            for partition_key, partition in list(table["items"].items())
            for sort_key, item in list(partition.items())
            if attribute_name in item and _expiry(item, attribute_name) <= now
        ]
        for partition_key, sort_key, item in expired:
            _delete(table, partition_key, sort_key, item)


def _expiry(item: dict[str, Any], attribute_name: str) -> float:
    """Return when the item expires; as on AWS, only a number counts."""
    number = item.get(attribute_name, {}).get("N")
    return float("inf") if number is None else float(number)


def _delete(table: dict[str, Any], partition_key: str, sort_key: str, item: dict[str, Any]) -> None:
    name = table["TableName"]
    with LOCK:
        if table["items"].get(partition_key, {}).get(sort_key) is not item:
            return  # written again since we looked
        dynamodb._remove_item(table, partition_key, sort_key)
        dynamodb._emit_stream_event(name, "REMOVE", item, None)
        records = dynamodb._stream_records.get(name)
        if records:
            records[-1]["userIdentity"] = _SERVICE_IDENTITY
