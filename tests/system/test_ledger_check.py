"""The books of the live tables are checked, and whoever tampers with them is found out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.program import Customer, Json, Program

pytestmark = pytest.mark.system


def a_member_with_a_history(program: Program) -> Customer:
    """Return a member with points of an order, of which some were taken back and some given."""
    email = f"member-{program.number()}@example.com"
    member = program.post("/v1/members", {"email": email})
    customer = Customer(member["member_id"], email)
    order = program.an_order({"email": email}, 20_000)
    program.post("/v1/orders", order)
    program.post(
        f"/v1/orders/{order['source']}/{order['order_id']}/returns",
        {
            "return_id": "some",
            "occurred_at": order["occurred_at"],
            "amount": {"amount_minor": 5_000, "currency": "EUR"},
        },
    )
    program.post(
        f"/v1/members/{customer.member_id}/adjustments",
        {"adjustment_id": "gesture", "points": 50, "reason": "a gesture"},
        role="service",
    )
    return customer


def check(program: Program) -> Json:
    program.post("/v1/reports/ledger/checks", role="finance")
    program.settle()
    return program.get("/v1/reports/ledger", role="finance")


@contextmanager
def tampered(program: Program, key: Json, attribute: str, value: Json) -> Iterator[None]:
    """Change an attribute behind the program's back for a while."""
    table = program.cloud.client("dynamodb")
    where = {"TableName": program.outputs["MembersTable"], "Key": key}
    item = table.get_item(**where, ConsistentRead=True)["Item"]

    def write(content: Json) -> None:
        table.put_item(TableName=where["TableName"], Item=content)

    write({**item, attribute: value})
    try:
        yield
    finally:
        write(item)


def test_the_books_balance(program: Program) -> None:
    customer = a_member_with_a_history(program)
    profiles = [item for item in program.items() if item["item_type"] == "profile"]

    report = check(program)

    assert report["violations"] == []
    assert report["balanced"] is True
    assert report["checked_at"].startswith(program.now.strftime("%Y-%m-%dT%H:%M"))
    assert report["members"] == len(profiles)
    assert sum(report["accounts"].values()) == 0
    assert program.profile(customer)["points_available"] == 50


@pytest.mark.parametrize("what", ["a balance", "an entry"])
def test_tampering_with_an_item_is_found_and_named(program: Program, what: str) -> None:
    honest, customer = a_member_with_a_history(program), a_member_with_a_history(program)
    pk = {"S": f"MEMBER#{customer.member_id}"}
    places = {
        "a balance": ({"pk": pk, "sk": {"S": "PROFILE"}}, "owed", {"N": "7"}),
        "an entry": ({"pk": pk, "sk": {"S": "ENTRY#000000000002"}}, "balance_after", {"N": "999"}),
    }

    with tampered(program, *places[what]):
        report = check(program)

    assert report["balanced"] is False
    assert {violation["member_id"] for violation in report["violations"]} == {customer.member_id}
    assert honest.member_id not in str(report["violations"])
    assert check(program)["balanced"] is True


def test_an_entry_that_is_gone_is_found(program: Program) -> None:
    customer = a_member_with_a_history(program)
    table = program.cloud.client("dynamodb")
    key = {"pk": {"S": f"MEMBER#{customer.member_id}"}, "sk": {"S": "ENTRY#000000000002"}}
    where = {"TableName": program.outputs["MembersTable"], "Key": key}
    entry = table.get_item(**where, ConsistentRead=True)["Item"]

    table.delete_item(**where)
    report = check(program)
    table.put_item(TableName=where["TableName"], Item=entry)

    rules = {violation["rule"] for violation in report["violations"]}
    assert {violation["member_id"] for violation in report["violations"]} == {customer.member_id}
    assert "entries are complete" in rules
