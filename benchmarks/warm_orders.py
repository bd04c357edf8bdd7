"""Warm `POST /v1/orders`.

The handler's CPU time to that of a bare client which makes the same requests.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.laboratory import (
    CONTEXT,
    Laboratory,
    Request,
    enrolled,
    order_body,
    order_event,
    recorded,
    report,
)

_BLOCKS = 7
_ORDERS = 150


def measure(laboratory: Laboratory) -> None:
    """Print the ratio; blocks of both alternate.

    So that a change of the machine's speed meets both.
    """
    from api.orders import handler

    client = laboratory.bare_client("dynamodb")
    # The other copy needs the member too, at the same version, for the same conditions to hold.
    with recorded() as requests:
        member_id = enrolled(laboratory, "warm@example.com")
    _cpu_of_client(
        client, [laboratory.for_bare(made) for made in requests if made[0] == "dynamodb"]
    )
    ours, bare = [], []
    for block in range(_BLOCKS + 1):
        events = [
            order_event(order_body(block * _ORDERS + number, {"member_id": member_id}))
            for number in range(_ORDERS)
        ]
        with recorded() as requests:
            ours.append(_cpu_of_handler(handler, events) * 1000 / _ORDERS)
        bare.append(
            _cpu_of_client(client, [laboratory.for_bare(made) for made in requests])
            * 1000
            / _ORDERS
        )
    report("warm order, CPU", ours[1:], bare[1:], "ms", goal=2)


def _cpu_of_handler(handler: Any, events: list[dict[str, Any]]) -> float:
    began = time.process_time()
    answers = [handler(event, CONTEXT) for event in events]
    spent = time.process_time() - began
    assert all(answer["statusCode"] == 201 for answer in answers), answers[0]
    return spent


def _cpu_of_client(client: Any, requests: list[Request]) -> float:
    began = time.process_time()
    for _, operation, arguments in requests:
        client._make_api_call(operation, arguments)
    return time.process_time() - began
