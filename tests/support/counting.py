"""Count the DynamoDB requests of a use case, whoever makes them: boto3, Powertools or PynamoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support.capacity import capacity_units


@dataclass
class Requests:
    """What was asked of DynamoDB: API calls by operation, in order, and the capacity they took."""

    operations: list[str] = field(default_factory=list)
    read_units: float = 0.0
    write_units: float = 0.0

    @property
    def total(self) -> int:
        return len(self.operations)

    @property
    def by_operation(self) -> Counter[str]:
        return Counter(self.operations)

    @property
    def writes(self) -> int:
        """Requests that change something."""
        return sum(not is_read(operation) for operation in self.operations)

    @property
    def reads(self) -> int:
        return self.total - self.writes

    @property
    def capacity_units(self) -> float:
        return self.read_units + self.write_units


def is_read(operation: str) -> bool:
    """Tell whether an operation changes nothing."""
    return "Get" in operation or operation == "Query"


@contextmanager
def counting_requests(*, with_capacity: bool = False) -> Iterator[Requests]:
    """Count the DynamoDB requests of this process, on moto or MiniStack, while the block runs.

    A refused request counts too. Retries inside botocore are one request.

    Parameters
    ----------
    with_capacity
        Weigh what was read and written, too.
    """
    requests = Requests()
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return original(client, operation, parameters)
        requests.operations.append(operation)
        response = original(client, operation, parameters)
        if with_capacity:
            units = capacity_units(operation, parameters, response, partial(original, client))
            if is_read(operation):
                requests.read_units += units
            else:
                requests.write_units += units
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield requests
