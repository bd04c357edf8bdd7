"""How many DynamoDB requests an operation makes: a cost that every order pays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.counting import counting_requests
from tests.support.http import Answer, call, order
from tests.support.moto_app import MotoApp


@pytest.fixture
def member_id(app: MotoApp) -> str:
    """A member with an order, so that definition and secrets are cached as in a warm function."""
    enrolled = call("members", "POST", "/v1/members", {"email": "ada@example.com"})
    assert call("orders", "POST", "/v1/orders", order("O-0")).status == 201
    found: str = enrolled.body["member_id"]
    return found


def requests_of(operation: Callable[[], Answer], status: int) -> list[str]:
    with counting_requests() as requests:
        answer = operation()
    assert answer.status == status, answer.text
    return requests.operations


def post(body: object) -> Callable[[], Answer]:
    return lambda: call("orders", "POST", "/v1/orders", body)


def test_an_order_that_names_its_member_takes_two(member_id: str) -> None:
    named = order("O-1", customer={"member_id": member_id})
    assert requests_of(post(named), 201) == ["BatchGetItem", "TransactWriteItems"]


def test_an_order_whose_customer_is_found_by_identity_takes_three(member_id: str) -> None:
    made = requests_of(post(order("O-1")), 201)
    assert made == ["BatchGetItem", "GetItem", "TransactWriteItems"]


def test_an_order_of_somebody_new_takes_two(member_id: str) -> None:
    new = order("O-1", customer={"email": "new@example.com"})
    assert requests_of(post(new), 201) == ["BatchGetItem", "TransactWriteItems"]


def test_a_duplicate_takes_one(member_id: str) -> None:
    assert requests_of(post(order("O-0")), 200) == ["BatchGetItem"]


def test_a_return_takes_three_at_most(member_id: str) -> None:
    goods = {
        "return_id": "R-1",
        "occurred_at": "2017-03-15T11:00:00Z",
        "lines": [{"sku": "milk", "quantity": 1}],
    }
    path = "/v1/orders/pos/O-0/returns"
    made = requests_of(lambda: call("orders", "POST", path, goods), 201)
    assert made == ["BatchGetItem", "GetItem", "TransactWriteItems"]


def test_a_quote_changes_nothing(member_id: str) -> None:
    made = requests_of(lambda: call("orders", "POST", "/v1/points/quotes", order("O-9")), 200)
    assert set(made) <= {"BatchGetItem", "GetItem"}
    assert len(made) <= 2


def test_a_profile_takes_one(member_id: str) -> None:
    call("members", "GET", f"/v1/members/{member_id}")  # reads the catalogue of rewards as well
    made = requests_of(lambda: call("members", "GET", f"/v1/members/{member_id}"), 200)
    assert made == ["GetItem"]


def test_a_look_up_takes_two(member_id: str) -> None:
    identity = {"email": "ada@example.com"}
    call("members", "GET", f"/v1/members/{member_id}")
    made = requests_of(lambda: call("members", "POST", "/v1/members/lookups", identity), 200)
    assert made == ["BatchGetItem", "GetItem"]


def test_a_page_of_the_ledger_takes_two_at_most(member_id: str) -> None:
    made = requests_of(lambda: call("members", "GET", f"/v1/members/{member_id}/ledger"), 200)
    assert set(made) <= {"GetItem", "Query"}
    assert len(made) <= 2
