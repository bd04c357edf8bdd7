"""The catalogue of offers, their uses, and the offers of a member."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from loyalty.runtime import composition
from loyalty.services.ports import MemberChange
from tests.figures.use_cases.world import (
    Act,
    Json,
    Section,
    World,
    after,
    again,
    get,
    post,
    request,
    step,
)

PERIOD: Final[Json] = {
    "valid_from": "2017-03-01T00:00:00Z",
    "expires_at": "2017-03-31T00:00:00Z",
}
COFFEE: Final[Json] = {"offer_id": "coffee", "name": "Coffee", "kind": "percent", "percent": 10}
LIMITED: Final[Json] = COFFEE | {"offer_id": "few", "budget": 100, "per_member_limit": 2}
BONUS: Final[Json] = {"offer_id": "bonus", "name": "Bonus", "kind": "points", "points": 50}


def offered(world: World) -> World:
    """Let Ada be in Elite, and add the offers."""
    store = composition.member_store()
    ada = store.member(world.ada)
    assert ada is not None
    active = replace(ada, version=ada.version + 1, status="active")
    store.commit(MemberChange(active, expected_version=ada.version))
    for offer in (COFFEE, LIMITED, BONUS):
        post("offers", "/v1/offers", offer | PERIOD, roles="marketer")()
    return world


def use(world: World, offer_id: str, use_id: str = "U-1", **more: str) -> Act:
    body = {"use_id": use_id, "member_id": world.ada, "occurred_at": "2017-03-15T12:00:00Z"}
    return post("offers", f"/v1/offers/{offer_id}/uses", body | more)


def reverse(offer_id: str) -> Act:
    return post("offers", f"/v1/offers/{offer_id}/uses/U-1/reversal", roles="manager")


def activate(world: World, method: str = "POST") -> Act:
    path = f"/v1/members/{world.ada}/offers/coffee/activation"
    return request("offers", method, path)


def keep(world: World, method: str, place: str = "/coffee", body: object = None) -> Act:
    offered(world)
    return request("offers", method, f"/v1/offers{place}", body, roles="marketer")


def heard(world: World, detail_type: str, *offer_ids: str) -> Act:
    """Return the arrival of an event of Ada's order in the queue of offer uses."""
    data = {
        "source": "pos",
        "order_id": "O-0",
        "member_id": world.ada,
        "store_id": "store-1",
        "return_id": "R-1",
        "total": {"amount_minor": 10_000, "currency": "EUR"},
        "eligible_minor": 10_000,
        "points": 10,
        "program_version": 1,
        "recorded_at": "2017-03-15T12:00:00Z",
        "offer_ids": offer_ids,
    }
    metadata = {
        "event_id": "event-1",
        "event_version": 1,
        "correlation_id": "order/pos/O-0",
        "occurred_at": "2017-03-15T12:00:00Z",
    }
    envelope = {
        "source": "loyalty",
        "detail-type": detail_type,
        "detail": {"metadata": metadata, "data": data},
    }
    record = {"messageId": "1", "body": json.dumps(envelope), "eventSource": "aws:sqs"}
    return step("queues.offer_uses", {"Records": [record]})


def retire(world: World) -> Act:
    """Return the daily retiring, when the three offers have expired."""
    offered(world).later(days=30)
    return step("schedules.retire_offers", {})


OFFERS: Final[Section] = {
    "offer used": lambda world: use(offered(world), "coffee"),
    "offer with a budget and a limit used with an order": lambda world: use(
        offered(world), "few", order_id="O-0"
    ),
    "offer of bonus points used": lambda world: use(offered(world), "bonus"),
    "offer that was used by this before": lambda world: again(use(offered(world), "coffee")),
    "use taken back": lambda world: after(use(offered(world), "coffee"), reverse("coffee")),
    "use with bonus points taken back": lambda world: after(
        use(offered(world), "bonus"), reverse("bonus")
    ),
    "use that was taken back before": lambda world: again(
        after(use(offered(world), "coffee"), reverse("coffee"))
    ),
    "two offers of an order": lambda world: heard(
        offered(world), "OrderAccepted", "coffee", "bonus"
    ),
    "offer of an order that came back": lambda world: after(
        heard(offered(world), "OrderAccepted", "coffee"), heard(world, "ReturnAccepted", "coffee")
    ),
    "offers of a member": lambda world: get("offers", f"/v1/members/{offered(world).ada}/offers"),
    "offer activated": lambda world: activate(offered(world)),
    "activation taken back": lambda world: after(
        activate(offered(world)), activate(world, "DELETE")
    ),
    "offer added": lambda world: post("offers", "/v1/offers", COFFEE | PERIOD, roles="marketer"),
    "page of the catalogue of offers": lambda world: keep(world, "GET", ""),
    "offer": lambda world: keep(world, "GET"),
    "offer changed": lambda world: keep(world, "PATCH", body={"name": "Tea"}),
    "offer retired": lambda world: keep(world, "DELETE"),
    "day's retiring of three expired offers": retire,
}
