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
    from order_import.import_chunk import handler

    bucket = laboratory.resources["measured"]["ImportsBucket"]
    clients = {
        service: laboratory.bare_client(service) for service in ("dynamodb", "s3", "secretsmanager")
    }
    ours, bare = [], []
    for chunk in range(1, _CHUNKS + 2):
        key = f"imports/benchmark/chunks/{chunk:05}.jsonl"
        clients["s3"].put_object(Bucket=bucket, Key=key, Body=_lines(chunk))
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


def _lines(chunk: int) -> bytes:
    orders = [
        order_body(
            10_000_000 + chunk * _LINES + number, {"email": f"customer-{number % 100}@example.com"}
        )
        for number in range(_LINES)
    ]
    lines = [
        {"line": number, "type": "OrderFulfilled", "data": order}
        for number, order in enumerate(orders, start=1)
    ]
    return "\n".join(json.dumps(line) for line in lines).encode()


def _seconds_of_clients(clients: dict[str, Any], requests: list[Any]) -> float:
    began = time.perf_counter()
    for service, operation, arguments in requests:
        clients[service]._make_api_call(operation, arguments)
    return time.perf_counter() - began
