"""What the rules refuse is a problem that says so, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.elite_journey import MEMBER_ID, store_customer
from tests.support.http import call, is_problem, order
from tests.support.moto_app import MotoApp

NAME = 'Zoë O\'Brien-Müller "Zo", Jr. (née Ng) & Söhne / 王'

BAD_RETURNS: dict[str, tuple[dict[str, Any], int, str]] = {
    "neither amount nor lines": ({}, 422, "invalid_request"),
    "both amount and lines": (
        {
            "amount": {"amount_minor": 1, "currency": "EUR"},
            "lines": [{"sku": "milk", "quantity": 1}],
        },
        422,
        "invalid_request",
    ),
    "more than the order": (
        {"amount": {"amount_minor": 10_001, "currency": "EUR"}},
        409,
        "return_exceeds_order",
    ),
    "what was not bought": (
        {"lines": [{"sku": "gold", "quantity": 1}]},
        409,
        "return_exceeds_order",
    ),
    "more pieces than bought": (
        {"lines": [{"sku": "milk", "quantity": 2}]},
        409,
        "return_exceeds_order",
    ),
    "another currency": (
        {"amount": {"amount_minor": 1, "currency": "USD"}},
        409,
        "return_exceeds_order",
    ),
}


@pytest.mark.parametrize("name", BAD_RETURNS)
def test_a_bad_return_is_a_problem_and_takes_nothing(app: MotoApp, name: str) -> None:
    goods, status, code = BAD_RETURNS[name]
    assert call("orders", "POST", "/v1/orders", order()).status == 201
    before = app.items(app.members_table)
    body = {"return_id": "R-1", "occurred_at": "2017-03-15T11:00:00Z"} | goods
    is_problem(call("orders", "POST", "/v1/orders/pos/O-1/returns", body), status, code)
    assert app.items(app.members_table) == before


def test_an_order_that_comes_again_with_another_total_is_a_conflict(app: MotoApp) -> None:
    assert call("orders", "POST", "/v1/orders", order(amount_minor=100)).status == 201
    before = app.items(app.members_table)
    is_problem(call("orders", "POST", "/v1/orders", order(amount_minor=200)), 409, "order_conflict")
    assert app.items(app.members_table) == before


def test_a_name_is_kept_as_people_write_it(app: MotoApp) -> None:
    customer = {"email": "bobby@example.com", "name": NAME}
    answer = call("orders", "POST", "/v1/orders", order(customer=customer))
    assert answer.status == 201
    names = [item["name"]["S"] for item in app.items(app.members_table) if "name" in item]
    assert names == [NAME]


def test_members_do_not_learn_their_arm_of_the_experiment(app: MotoApp) -> None:
    store_customer()
    path = f"/v1/members/{MEMBER_ID}"
    assert call("members", "GET", path).body["variant"] == "standard"
    for method, resource, body in (("GET", path, None), ("PUT", f"{path}/consents", {})):
        answer = call("members", method, resource, body, roles="member", member_id=MEMBER_ID)
        assert (answer.status, answer.body["variant"]) == (200, None)


@pytest.mark.parametrize(
    ("points", "status", "code"),
    [
        (0, 422, "invalid_request"),
        ("5", 422, "invalid_request"),
        (2**40, 422, "invalid_request"),
        (-1, 409, "insufficient_points"),
    ],
)
def test_a_bad_adjustment_moves_no_points(
    app: MotoApp, points: object, status: int, code: str
) -> None:
    member_id = call("members", "POST", "/v1/members", {"card": "4711"}).body["member_id"]
    before = app.items(app.members_table)
    body = {"adjustment_id": "A-1", "points": points, "reason": "goodwill"}
    path = f"/v1/members/{member_id}/adjustments"
    is_problem(call("points", "POST", path, body, roles="service"), status, code)
    assert app.items(app.members_table) == before


def test_nobody_adjusts_their_own_account(app: MotoApp) -> None:
    member_id = call("members", "POST", "/v1/members", {"card": "4711"}).body["member_id"]
    body = {"adjustment_id": "A-1", "points": 5, "reason": "goodwill"}
    path = f"/v1/members/{member_id}/adjustments"
    answer = call("points", "POST", path, body, roles="service", member_id=member_id)
    is_problem(answer, 403, "own_account")
