"""Count the DynamoDB requests of a use case, whoever makes them: boto3, Powertools or PynamoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient

_WITH_CAPACITY = {
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
}


@dataclass
class Requests:
    """What was asked of DynamoDB: API calls by operation, in order, and the capacity they took."""

    operations: list[str] = field(default_factory=list)
    capacity_units: float = 0.0

    @property
    def total(self) -> int:
        return len(self.operations)

    @property
    def by_operation(self) -> Counter[str]:
        return Counter(self.operations)

    def note(self, operation: str, response: Mapping[str, Any]) -> None:
        consumed = response.get("ConsumedCapacity", [])
        for capacity in consumed if isinstance(consumed, list) else [consumed]:
            self.capacity_units += capacity.get("CapacityUnits", 0.0)
        self.operations.append(operation)


@contextmanager
def counting_requests(*, with_capacity: bool = False) -> Iterator[Requests]:
    """Count the DynamoDB requests of this process, on moto or MiniStack, while the block runs.

    A refused request counts too. Retries inside botocore are one request.

    Parameters
    ----------
    with_capacity
        Ask every request for its consumed capacity, and add it up.
    """
    requests = Requests()
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return original(client, operation, parameters)
        if with_capacity and operation in _WITH_CAPACITY:
            parameters = {**parameters, "ReturnConsumedCapacity": "TOTAL"}
        response: Mapping[str, Any] = {}
        try:
            response = original(client, operation, parameters)
        finally:
            requests.note(operation, response)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield requests
