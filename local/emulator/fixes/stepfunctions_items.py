"""The items of a Map: from the input, an expression or S3; selected, and put into batches.

Raw MiniStack reads ``Items`` expressions and S3 arguments of a Distributed Map as JSONPath, and
ignores ``ItemBatcher``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions as sf

from local.emulator.fixes.stepfunctions_pauses import ExecutionError
from local.emulator.fixes.stepfunctions_scope import MAX_PAYLOAD_BYTES, Scope, State


@dataclass(frozen=True, slots=True)
class Item:
    """What one iteration gets: its input, and its place in the context object."""

    index: int
    value: Any
    argument: Any

    @property
    def context(self) -> dict[str, Any]:
        """Return ``$states.context.Map`` of the iteration."""
        return {"Item": {"Index": self.index, "Value": self.value}}


def inline_items(state: State, data: Any, scope: Scope) -> list[Item]:
    """Return the selected items of ``Items``, or of an input that is a list."""
    values = scope.evaluate(state["Items"], data) if "Items" in state else data
    return _selected(state, data, scope, _as_list(values))


def distributed_items(state: State, data: Any, scope: Scope) -> list[Item]:
    """Return the selected items of ``ItemReader``, ``Items`` or the input, in their batches."""
    if "ItemReader" not in state:
        items = inline_items(state, data, scope)
    else:
        items = _selected(state, data, scope, _read(state["ItemReader"], data, scope))
    if "ItemBatcher" not in state:
        return items
    batcher = scope.evaluate(state["ItemBatcher"], data)
    return [
        Item(index, [item.value for item in batch], _batch_argument(batcher, batch))
        for index, batch in enumerate(_batches(batcher, items))
    ]


def _as_list(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return [{"Key": key, "Value": value} for key, value in values.items()]
    if not isinstance(values, list):
        cause = f"the items of a Map must be an array or an object, but were: {values!r}"
        raise ExecutionError("States.QueryEvaluationError", cause)
    return values


def _selected(state: State, data: Any, scope: Scope, values: list[Any]) -> list[Item]:
    if "ItemSelector" not in state:
        return [Item(index, value, value) for index, value in enumerate(values)]
    items = []
    for index, value in enumerate(values):
        inner = scope.inner(Map={"Item": {"Index": index, "Value": value}})
        items.append(Item(index, value, inner.evaluate(state["ItemSelector"], data)))
    return items


def _read(reader: State, data: Any, scope: Scope) -> list[Any]:
    evaluated = {
        "Resource": reader["Resource"],
        "Parameters": scope.evaluate(reader.get("Arguments", {}), data),
        "ReaderConfig": scope.evaluate(reader.get("ReaderConfig", {}), data),
    }
    try:
        return _as_list(sf._read_map_items(evaluated, {}, {}))
    except (ValueError, KeyError, TypeError) as error:
        raise ExecutionError("States.ItemReaderFailed", str(error)) from error


def _batches(batcher: State, items: list[Item]) -> Iterator[list[Item]]:
    max_items = int(batcher.get("MaxItemsPerBatch", len(items) or 1))
    max_bytes = int(batcher.get("MaxInputBytesPerBatch", MAX_PAYLOAD_BYTES))
    batch: list[Item] = []
    size = 0
    for item in items:
        item_size = len(json.dumps(item.argument).encode())
        if batch and (len(batch) == max_items or size + item_size > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item_size
    if batch:
        yield batch


def _batch_argument(batcher: State, batch: list[Item]) -> dict[str, Any]:
    argument: dict[str, Any] = {"Items": [item.argument for item in batch]}
    if "BatchInput" in batcher:
        argument["BatchInput"] = batcher["BatchInput"]
    return argument
