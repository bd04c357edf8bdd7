"""Offers by HTTP: what staff, tills and members ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty.contracts.values import iso
from loyalty.runtime import composition
from tests.support.examples import NOW
from tests.support.http import Answer, call

Json = dict[str, Any]
TEN_PERCENT = {"kind": "percent", "percent": 10}
FIVE_EUROS = {"kind": "amount", "amount": {"amount_minor": 500, "currency": "EUR"}}
BONUS = {"kind": "points", "points": 50}


def an_offer(offer_id: str = "coffee", **more: Any) -> Json:
    period = {
        "valid_from": iso(NOW - timedelta(days=5)),
        "expires_at": iso(NOW + timedelta(days=5)),
    }
    return {"offer_id": offer_id, "name": "Coffee", **TEN_PERCENT, **period} | more


def add(request: Json, roles: str = "marketer") -> Answer:
    return call("offers", "POST", "/v1/offers", request, roles=roles)


def change(update: Json, offer_id: str = "coffee", roles: str = "marketer") -> Answer:
    return call("offers", "PATCH", f"/v1/offers/{offer_id}", update, roles=roles)


def retire(offer_id: str = "coffee") -> Answer:
    return call("offers", "DELETE", f"/v1/offers/{offer_id}", roles="marketer")


def offer(offer_id: str = "coffee") -> Json:
    found: Json = call("offers", "GET", f"/v1/offers/{offer_id}").body
    return found


def use(
    member_id: str,
    use_id: str = "U-1",
    offer_id: str = "coffee",
    *,
    by: str = "pos",
    own: str = "",
    **more: Any,
) -> Answer:
    """Use an offer as a caller with a role, who is the member `own` themselves."""
    body = {"use_id": use_id, "member_id": member_id, "occurred_at": iso(NOW)} | more
    own = member_id if by == "member" else own
    return call("offers", "POST", f"/v1/offers/{offer_id}/uses", body, roles=by, member_id=own)


def reverse(use_id: str = "U-1", offer_id: str = "coffee", *, by: str = "") -> Answer:
    path = f"/v1/offers/{offer_id}/uses/{use_id}/reversal"
    return call("offers", "POST", path, roles="manager", member_id=by)


def offers_of(member_id: str, **query: str) -> list[Json]:
    path = f"/v1/members/{member_id}/offers"
    answer = call("offers", "GET", path, roles="member", member_id=member_id, query=query)
    assert answer.status == 200, answer.text
    items: list[Json] = answer.body["items"]
    return items


def activate(member_id: str, offer_id: str = "coffee", method: str = "POST") -> Answer:
    path = f"/v1/members/{member_id}/offers/{offer_id}/activation"
    return call("offers", method, path, roles="member", member_id=member_id)


def profile(member_id: str) -> Json:
    found: Json = call("members", "GET", f"/v1/members/{member_id}").body
    return found


def facts(member_id: str) -> list[Json]:
    path = f"/v1/members/{member_id}/journey"
    items: list[Json] = call("members", "GET", path, roles="service").body["items"]
    return items


def enrolled(email: str = "ada@example.com") -> str:
    return str(call("members", "POST", "/v1/members", {"email": email}).body["member_id"])


def open_elite() -> None:
    """Let everybody who signs up be in Elite at once."""
    update = {"based_on_version": 0, "definition": {"open_elite": True}}
    assert call("program", "PUT", "/v1/program", update, roles="admin").status == 201
    composition.reset()
