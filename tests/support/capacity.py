"""What a DynamoDB request costs in capacity units, by the rules that AWS publishes.

No emulator weighs items. A consistent read takes a unit per 4 KB of an item (of the page, for a
query), an eventually consistent one half of that; a write takes a unit per 1 KB, twice that in a
transaction. What a write adds to indexes is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import ceil
from typing import Any

READ_BYTES = 4096
WRITE_BYTES = 1024

Attributes = Mapping[str, Mapping[str, Any]]
Call = Callable[[str, dict[str, Any]], Mapping[str, Any]]


def capacity_units(
    operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any], call: Call
) -> float:
    """Return the units that a request took.

    Parameters
    ----------
    operation, asked, answer
        The request, its parameters, and what came back; empty for one that was refused.
    call
        Makes a request that is not counted, to weigh what an update left.
    """
    match operation:
        case "GetItem":
            return _read([answer.get("Item", {})], asked.get("ConsistentRead", False))
        case "BatchGetItem":
            return sum(_batch(asked, answer))
        case "Query":
            found = sum(map(weight, answer.get("Items", [])))
            return max(1, ceil(found / READ_BYTES)) * _share(asked.get("ConsistentRead", False))
        case "PutItem":
            return _written(weight(asked["Item"]))
        case "UpdateItem" | "DeleteItem":
            return _written(_stored(asked, call))
        case "TransactWriteItems":
            return 2 * sum(_written(_of_transaction(part, call)) for part in asked["TransactItems"])
    raise ValueError(f"no rule for {operation}")


def weight(item: Attributes) -> int:
    """Return an item's bytes: names and values."""
    return sum(len(name.encode()) + _value_weight(value) for name, value in item.items())


def _value_weight(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return ceil(len(content.lstrip("-").replace(".", "")) / 2) + 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_weight(v) for name, v in content.items())
        case "L":
            return 3 + sum(1 + _value_weight(v) for v in content)
        case "SS":
            return sum(len(text.encode()) for text in content)
    return 1


def _batch(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterable[float]:
    for table, wanted in asked["RequestItems"].items():
        consistent = wanted.get("ConsistentRead", False)
        found = answer.get("Responses", {}).get(table, [])
        missing: list[Attributes] = [{}] * (len(wanted["Keys"]) - len(found))
        yield _read([*found, *missing], consistent)


def _read(items: Iterable[Attributes], consistent: bool) -> float:
    return sum(max(1, ceil(weight(item) / READ_BYTES)) for item in items) * _share(consistent)


def _share(consistent: bool) -> float:
    return 1.0 if consistent else 0.5


def _written(size: int) -> int:
    return max(1, ceil(size / WRITE_BYTES))


def _of_transaction(part: Mapping[str, Mapping[str, Any]], call: Call) -> int:
    ((kind, write),) = part.items()
    return weight(write["Item"]) if kind == "Put" else _stored(write, call)


def _stored(write: Mapping[str, Any], call: Call) -> int:
    """Weigh what an update left; a deleted item is taken to be small, as ours are."""
    key = {"TableName": write["TableName"], "Key": write["Key"]}
    return weight(call("GetItem", key).get("Item", {}))
