"""What is wrong with a request is said in a problem, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.examples import NOW
from tests.support.http import call, is_problem, order
from tests.support.moto_app import MotoApp, moto_app

SCRIPT = "<script>alert('x')</script>"
SQL = "Robert'); DROP TABLE members;--"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoApp]:
    """One application for all requests that must leave it empty."""
    with moto_app(tmp_path_factory.mktemp("empty"), NOW) as application:
        yield application


def total(amount_minor: object, currency: object = "EUR") -> dict[str, Any]:
    return {"total": {"amount_minor": amount_minor, "currency": currency}}


def line(**fields: object) -> dict[str, Any]:
    return {"lines": [{"sku": "milk", "quantity": 1, "amount_minor": 100} | fields]}


BAD_ORDERS: dict[str, tuple[object, int, str]] = {
    "no JSON": ("{", 422, "invalid_request"),
    "a list": ([], 422, "invalid_request"),
    "nothing": ("", 422, "invalid_request"),
    "amount as text": (order(**total("100")), 422, "invalid_request"),
    "amount as a fraction": (order(**total(1.5)), 422, "invalid_request"),
    "amount as true": (order(**total(True)), 422, "invalid_request"),
    "amount missing": (order(**total(None)), 422, "invalid_request"),
    "amount below zero": (order(**total(-1)), 422, "invalid_request"),
    "amount absurd": (order(**total(10**13)), 422, "invalid_request"),
    "line below zero": (order(**line(amount_minor=-1)), 422, "invalid_request"),
    "quantity zero": (order(**line(quantity=0)), 422, "invalid_request"),
    "unknown line kind": (order(**line(kind="bribe")), 422, "invalid_request"),
    "501 lines": (order(lines=line()["lines"] * 501), 422, "invalid_request"),
    "currency in small letters": (order(**total(100, "eur")), 422, "invalid_request"),
    "currency that nobody has": (order(**total(100, "XXZ")), 422, "unknown_currency"),
    "tomorrow": (order(occurred_at="2099-01-01T00:00:00Z"), 422, "future_date"),
    "time without a zone": (order(occurred_at="2017-03-15T11:00:00"), 422, "invalid_request"),
    "time as a number": (order(occurred_at=1489575600), 422, "invalid_request"),
    "the year 1": (order(occurred_at="0001-01-01T00:00:00+14:00"), 422, "invalid_request"),
    "a day that is not": (order(occurred_at="2017-02-30T12:00:00Z"), 422, "invalid_request"),
    "a voucher code that is none": (order(voucher_codes=["A#B"]), 422, "invalid_request"),
    "an offer that is none": (order(offer_ids=["coffee/tea"]), 422, "invalid_request"),
    "unknown field": (order(discount=5), 422, "invalid_request"),
    "unknown field of the customer": (order(customer={"mail": "a@b.c"}), 422, "invalid_request"),
    "consent as text": (
        order(customer={"email": "a@b.c", "consent": {"email": "yes"}}),
        422,
        "invalid_request",
    ),
    "an e-mail with a script": (order(customer={"email": f"{SCRIPT}@x.y"}), 422, "invalid_request"),
    "a name with a script": (
        order(customer={"email": "a@b.c", "name": SCRIPT}),
        422,
        "invalid_request",
    ),
    "a name with SQL": (order(customer={"email": "a@b.c", "name": SQL}), 422, "invalid_request"),
    "a name with a link": (
        order(customer={"email": "a@b.c", "name": "Ada, see https://evil.example"}),
        422,
        "invalid_request",
    ),
    "a name of two lines": (
        order(customer={"email": "a@b.c", "name": "Ada\nYou won"}),
        422,
        "invalid_request",
    ),
    "a phone that is none": (order(customer={"phone": "call me"}), 422, "invalid_request"),
    "an order id with SQL": (order(order_id=SQL), 422, "invalid_request"),
    "an order id with our separator": (order(order_id="a#b"), 422, "invalid_request"),
    "a source with a slash": (order(source="a/b"), 422, "invalid_request"),
    "an empty order id": (order(order_id=""), 422, "invalid_request"),
    "a long order id": (order(order_id="x" * 101), 422, "invalid_request"),
    "300 KB": (order(store_id="x" * 300_000), 413, "body_too_large"),
    "an unknown member": (order(customer={"member_id": "m-nobody"}), 404, "member_not_found"),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_a_bad_order_is_a_problem_and_writes_nothing(app: MotoApp, name: str) -> None:
    body, status, code = BAD_ORDERS[name]
    answer = call("orders", "POST", "/v1/orders", body)
    is_problem(answer, status, code)
    assert app.items(app.members_table) == []


@pytest.mark.parametrize("body", [{}, {"name": "Ada"}, {"email": None}, {"email": 5}])
def test_an_enrolment_needs_an_identity(app: MotoApp, body: dict[str, Any]) -> None:
    is_problem(call("members", "POST", "/v1/members", body), 422, "invalid_request")
    assert app.items(app.members_table) == []


BAD_PROGRAMS: dict[str, tuple[dict[str, Any], str]] = {
    "no variants": ({"variants": []}, "invalid_request"),
    "only hold-outs": (
        {"variants": [{"name": "out", "weight": 1, "hold_out": True}]},
        "invalid_request",
    ),
    "a rate as a number": ({"earn_rate": 0.1}, "invalid_request"),
    "a zone that is none": ({"time_zone": "Mars/Olympus"}, "invalid_request"),
    "a zone that the schedules are not in": ({"time_zone": "Europe/Berlin"}, "program_invalid"),
    "a currency that is none": ({"currency": "XXZ"}, "program_invalid"),
    "an unknown field": ({"colour": "gold"}, "invalid_request"),
}


@pytest.mark.parametrize("name", BAD_PROGRAMS)
def test_a_bad_program_is_not_saved(app: MotoApp, name: str) -> None:
    definition, code = BAD_PROGRAMS[name]
    update = {"based_on_version": 0, "definition": definition}
    is_problem(call("program", "PUT", "/v1/program", update, roles="admin"), 422, code)
    assert app.items(app.program_table) == []


def test_the_currency_does_not_change_under_customers(app: MotoApp) -> None:
    call("orders", "POST", "/v1/orders", order(customer={"email": "ada@example.com"}))
    update = {"based_on_version": 0, "definition": {"currency": "USD"}}
    refused = call("program", "PUT", "/v1/program", update, roles="admin")
    is_problem(refused, 422, "program_invalid")
    assert app.items(app.program_table) == []


def test_a_problem_names_the_field_and_never_its_value(app: MotoApp) -> None:
    customer = {"email": "secret person at home"}
    answer = call("orders", "POST", "/v1/orders", order(customer=customer))
    assert [error["pointer"] for error in answer.body["errors"]] == ["/body/customer/email"]
    assert "secret" not in answer.text


@pytest.mark.parametrize("media_type", ["application/xml", "application/x-www-form-urlencoded"])
def test_only_json_is_taken(app: MotoApp, media_type: str) -> None:
    body = json.dumps(order(customer={"email": "ada@example.com"}))
    answer = call("orders", "POST", "/v1/orders", body, headers={"content-type": media_type})
    is_problem(answer, 415, "unsupported_media_type")
    assert "ada" not in answer.text
