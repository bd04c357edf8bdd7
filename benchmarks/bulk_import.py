"""Bulk import: wall time of a chunk of orders to that of a bare client which makes the same
requests.
"""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks.laboratory import CONTEXT, Laboratory, order_body, recorded, report

_CHUNKS = 4
_LINES = 500


def measure(laboratory: Laboratory) -> None:
    """Print the ratio and the lines per second."""
    from loyalty.runtime import composition
    from loyalty.services.import_orders import plan_import
    from order_import.import_chunk import handler

    bucket = laboratory.resources["measured"]["ImportsBucket"]
    clients = {
        service: laboratory.bare_client(service) for service in ("dynamodb", "s3", "secretsmanager")
    }
    # Outside `orders/`, where an upload would start an import of its own.
    upload = "benchmark/orders.jsonl"
    clients["s3"].put_object(Bucket=bucket, Key=upload, Body=_lines((_CHUNKS + 1) * _LINES))
    plan_import("benchmark", upload, **composition.import_plan_ports())
    ours, bare = [], []
    for chunk in range(1, _CHUNKS + 2):
        key = f"imports/benchmark/chunks/{chunk:05}.jsonl"
        event = {"import_id": "benchmark", "chunk": chunk, "key": key, "historic": False}
        with recorded() as requests:
            began = time.perf_counter()
            counted = handler(event, CONTEXT)
            ours.append(time.perf_counter() - began)
        assert counted["accepted"] == _LINES, counted
        bare.append(
            _seconds_of_clients(
                clients, [laboratory.for_bare(made) for made in requests if made[0] != "s3"]
            )
        )
    report("bulk import, wall", ours[1:], bare[1:], f"s per {_LINES} lines", goal=None)


def _lines(count: int) -> bytes:
    orders = (
        order_body(10_000_000 + number, {"email": f"customer-{number % 100}@example.com"})
        for number in range(count)
    )
    lines = [json.dumps({"type": "OrderFulfilled", "data": order}) for order in orders]
    return "\n".join(lines).encode()


def _seconds_of_clients(clients: dict[str, Any], requests: list[Any]) -> float:
    began = time.perf_counter()
    for service, operation, arguments in requests:
        clients[service]._make_api_call(operation, arguments)
    return time.perf_counter() - began
