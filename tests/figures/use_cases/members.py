"""Orders and members."""

from __future__ import annotations

import json
from typing import Final

from tests.figures.use_cases.world import (
    ADA,
    Act,
    Json,
    Section,
    World,
    a_return,
    after,
    again,
    an_order,
    get,
    post,
    request,
    step,
)

RETURNS: Final = "/v1/orders/pos/O-0/returns"


def ordered(customer: Json, order_id: str = "O-1", line_minor: int = 1_000) -> Act:
    return post("orders", "/v1/orders", an_order(order_id, customer, line_minor))


def queued(detail_type: str, data: Json) -> Act:
    """Return the arrival of one event in the orders queue."""
    envelope = {
        "id": "event-1",
        "source": "retail.pos",
        "detail-type": detail_type,
        "time": "2017-03-15T12:00:00Z",
        "detail": {"metadata": {"event_id": "event-1"}, "data": data},
    }
    record = {"messageId": "1", "body": json.dumps(envelope), "eventSource": "aws:sqs"}
    return step("queues.orders", {"Records": [record]})


def of_ada(world: World, what: str) -> Act:
    return get("members", f"/v1/members/{world.ada}{what}")


ORDERS: Final[Section] = {
    "order that names its member": lambda world: ordered({"member_id": world.ada}),
    "order, customer found by e-mail, phone and card": lambda world: ordered(ADA),
    "order of somebody new": lambda world: ordered({"email": "new@example.com"}),
    "order of nobody": lambda world: ordered({}),
    "order that crosses the Elite threshold": lambda world: ordered(
        {"member_id": world.ada}, line_minor=10_000
    ),
    "order that came before": lambda world: again(ordered({"member_id": world.ada})),
    "order whose return was there first": lambda world: after(
        post("orders", "/v1/orders/pos/O-1/returns", a_return()), ordered({"member_id": world.ada})
    ),
    "order from the queue": lambda world: queued(
        "OrderFulfilled", an_order("O-1", {"member_id": world.ada})
    ),
    "return of a line": lambda world: post("orders", RETURNS, a_return()),
    "return that came before": lambda world: again(post("orders", RETURNS, a_return())),
    "return before its order": lambda world: post(
        "orders", "/v1/orders/pos/O-1/returns", a_return()
    ),
    "return from the queue": lambda world: queued(
        "GoodsReturned", a_return() | {"source": "pos", "order_id": "O-0"}
    ),
    "quote for a member": lambda world: post(
        "orders", "/v1/points/quotes", an_order("O-1", {"member_id": world.ada})
    ),
    "quote, customer found by identity": lambda world: post(
        "orders", "/v1/points/quotes", an_order("O-1", ADA)
    ),
}

MEMBERS: Final[Section] = {
    "enrolment of somebody new": lambda world: post(
        "members", "/v1/members", {"email": "new@example.com"}
    ),
    "enrolment of a customer who has bought before": lambda world: after(
        ordered({"email": "new@example.com"}),
        post("members", "/v1/members", {"email": "new@example.com"}),
    ),
    "enrolment of a member": lambda world: post("members", "/v1/members", ADA),
    "profile": lambda world: of_ada(world, ""),
    "look-up by e-mail": lambda world: post(
        "members", "/v1/members/lookups", {"email": ADA["email"]}
    ),
    "page of the ledger": lambda world: of_ada(world, "/ledger"),
    "page of the orders": lambda world: of_ada(world, "/orders"),
    "page of what happened": lambda world: of_ada(world, "/journey"),
    "all that is kept of a member": lambda world: get(
        "members", f"/v1/members/{world.ada}/export", roles="privacy"
    ),
    "name and address": lambda world: request(
        "members",
        "PATCH",
        f"/v1/members/{world.ada}",
        {"name": "Ada King", "address": "1 Ockham Park, Surrey"},
        roles="service",
    ),
    "opt-out": lambda world: request(
        "members",
        "PUT",
        f"/v1/members/{world.ada}/consents",
        {"email": {"granted": False, "source": "web"}},
        roles="service",
    ),
    "address confirmed": lambda world: request(
        "members",
        "PUT",
        f"/v1/members/{world.ada}/email",
        {"email": "ada@new.example"},
        roles="service",
    ),
    "preferences": lambda world: request(
        "members",
        "PUT",
        f"/v1/members/{world.ada}/preferences",
        {"statement": True},
        roles="service",
    ),
}
