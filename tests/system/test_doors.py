"""Orders and returns come in by HTTP, as events and in files, and mean the same everywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest

from tests.support.program import THRESHOLD_MINOR, Json, Program, jsonl

pytestmark = pytest.mark.system

Door = Callable[[Program, Json], None]
ReturnDoor = Callable[[Program, Json, Json], None]


def over_http(program: Program, order: Json) -> None:
    program.post("/v1/orders", order)


def as_an_event(program: Program, order: Json) -> None:
    program.sends_event("OrderFulfilled", order)
    program.settle()


def in_a_file(program: Program, order: Json) -> None:
    imported = program.imports(jsonl(("OrderFulfilled", order)))
    assert (imported["state"], imported["accepted"], imported["rejected"]) == ("finished", 1, 0)


def in_a_table(program: Program, order: Json) -> None:
    imported = program.imports(as_csv(order), "csv")
    assert (imported["state"], imported["accepted"], imported["rejected"]) == ("finished", 1, 0)


def as_csv(order: Json) -> str:
    [line] = order["lines"]
    row = {
        "source": order["source"],
        "order_id": order["order_id"],
        "occurred_at": order["occurred_at"],
        "total_minor": order["total"]["amount_minor"],
        "currency": order["total"]["currency"],
        "card": order["customer"]["card"],
        "sku": line["sku"],
        "quantity": line["quantity"],
    }
    table = io.StringIO()
    writer = csv.DictWriter(table, row)
    writer.writeheader()
    writer.writerow(row)
    return table.getvalue()


def back_over_http(program: Program, order: Json, goods: Json) -> None:
    program.post(f"/v1/orders/{order['source']}/{order['order_id']}/returns", goods)


def back_as_an_event(program: Program, order: Json, goods: Json) -> None:
    program.sends_event("GoodsReturned", _named(order, goods))
    program.settle()


def back_in_a_file(program: Program, order: Json, goods: Json) -> None:
    imported = program.imports(jsonl(("GoodsReturned", _named(order, goods))))
    assert (imported["state"], imported["rejected"]) == ("finished", 0)


def _named(order: Json, goods: Json) -> Json:
    return goods | {"source": order["source"], "order_id": order["order_id"]}


def a_card(program: Program) -> str:
    return f"card-{program.number()}"


def a_member(program: Program) -> Json:
    """Enrol somebody; return who they are."""
    card = a_card(program)
    return program.post("/v1/members", {"card": card}) | {"card": card}


def an_order_of(program: Program, member: Json, amount_minor: int) -> Json:
    return program.an_order({"card": member["card"]}, amount_minor)


def goods_back(program: Program, order: Json, amount_minor: int) -> Json:
    return {
        "return_id": f"return-{program.number()}",
        "occurred_at": order["occurred_at"],
        "amount": {"amount_minor": amount_minor, "currency": "EUR"},
    }


def what_it_made(program: Program, member_id: str) -> Json:
    """Return a customer's figures without what names the customer, orders and entries."""
    profile = program.get(f"/v1/members/{member_id}")
    orders = program.get(f"/v1/members/{member_id}/orders")["items"]
    ledger = program.get(f"/v1/members/{member_id}/ledger")["items"]
    return {
        "figures": {
            name: profile[name]
            for name in ("points_available", "points_pending", "owed", "lifetime_spend")
        },
        "orders": [(order["total"], order["points"], order["occurred_at"]) for order in orders],
        "entries": [(entry["kind"], entry["points"], entry["balance_after"]) for entry in ledger],
    }


# ── The same through every door ──


@pytest.mark.parametrize("door", [over_http, as_an_event, in_a_file, in_a_table])
def test_an_order_counts_the_same_through_every_door(program: Program, door: Door) -> None:
    member = a_member(program)
    order = an_order_of(program, member, 12_345)

    door(program, order)

    assert what_it_made(program, member["member_id"]) == {
        "figures": {
            "points_available": 0,
            "points_pending": 12,
            "owed": 0,
            "lifetime_spend": {"amount_minor": 12_345, "currency": "EUR"},
        },
        "orders": [({"amount_minor": 12_345, "currency": "EUR"}, 12, order["occurred_at"])],
        "entries": [("accrual", 12, 0)],
    }


@pytest.mark.parametrize("first", [over_http, as_an_event, in_a_file, in_a_table])
def test_what_came_through_one_door_is_a_duplicate_at_the_others(
    program: Program, first: Door
) -> None:
    member = a_member(program)
    order = an_order_of(program, member, 12_345)
    first(program, order)
    made = what_it_made(program, member["member_id"])

    assert program.request("POST", "/v1/orders", order).status_code == 200
    as_an_event(program, order)
    imported = program.imports(jsonl(("OrderFulfilled", order), ("OrderFulfilled", order)))

    assert (imported["accepted"], imported["duplicates"]) == (0, 2)
    assert what_it_made(program, member["member_id"]) == made
    assert program.messages("OrdersDlq") == []


@pytest.mark.parametrize("door", [back_over_http, back_as_an_event, back_in_a_file])
@pytest.mark.parametrize("before_its_order", [False, True], ids=["after", "before"])
def test_a_return_counts_the_same_through_every_door(
    program: Program, door: ReturnDoor, before_its_order: bool
) -> None:
    member = a_member(program)
    order = an_order_of(program, member, 10_000)
    goods = goods_back(program, order, 4_000)

    if before_its_order:
        door(program, order, goods)
        over_http(program, order)
    else:
        over_http(program, order)
        door(program, order, goods)
    door(program, order, goods)

    made = what_it_made(program, member["member_id"])
    assert made["figures"]["points_pending"] == 6
    assert made["figures"]["lifetime_spend"]["amount_minor"] == 6_000
    assert [kind for kind, _, _ in made["entries"]] == ["reversal", "accrual"]


def test_a_return_that_waits_says_so_and_is_taken_back_with_its_order(program: Program) -> None:
    member = a_member(program)
    order = an_order_of(program, member, 10_000)
    path = f"/v1/orders/{order['source']}/{order['order_id']}/returns"
    goods = goods_back(program, order, 10_000)

    waiting = program.request("POST", path, goods)
    again = program.request("POST", path, goods)
    sold = program.post("/v1/orders", order)
    counted = program.request("POST", path, goods)

    assert (waiting.status_code, waiting.json()["waiting"]) == (202, True)
    assert again.status_code in (200, 202)
    assert (sold["points_pending"], sold["lifetime_spend"]["amount_minor"]) == (0, 0)
    assert (counted.status_code, counted.json()["points_reversed"]) == (200, 10)


def test_returns_never_exceed_their_order(program: Program) -> None:
    member = a_member(program)
    order = an_order_of(program, member, 10_000)
    over_http(program, order)
    path = f"/v1/orders/{order['source']}/{order['order_id']}/returns"
    program.post(path, goods_back(program, order, 9_999))
    made = what_it_made(program, member["member_id"])

    refused = program.request("POST", path, goods_back(program, order, 2))

    assert (refused.status_code, refused.json()["code"]) == (409, "return_exceeds_order")
    assert what_it_made(program, member["member_id"]) == made


# ── What cannot be taken ──


def test_a_poisoned_event_is_put_aside_with_its_reason_and_blocks_nobody(program: Program) -> None:
    member = a_member(program)
    good = an_order_of(program, member, 10_000)
    negative = an_order_of(program, member, 10_000) | {
        "total": {"amount_minor": -1, "currency": "EUR"}
    }
    other_total = good | {"total": {"amount_minor": 20_000, "currency": "EUR"}}
    unknown_currency = an_order_of(program, member, 10_000) | {
        "total": {"amount_minor": 10_000, "currency": "CHF"}
    }

    over_http(program, good)
    for order in (negative, other_total, unknown_currency, an_order_of(program, member, 5_000)):
        program.sends_event("OrderFulfilled", order)
    program.settle()

    put_aside = program.messages("OrdersDlq")
    reasons = {
        message["body"]["detail"]["data"]["order_id"]: message["attributes"]["reason"]
        for message in put_aside
    }
    assert reasons.pop(negative["order_id"]).startswith("invalid_event: /data/total/amount_minor")
    assert reasons == {
        good["order_id"]: "order_conflict",
        unknown_currency["order_id"]: "unknown_currency",
    }
    assert len(put_aside) == 3
    assert len(what_it_made(program, member["member_id"])["orders"]) == 2


def test_what_is_no_event_at_all_is_put_aside(program: Program) -> None:
    program.cloud.client("sqs").send_message(
        QueueUrl=program.outputs["OrdersQueue"], MessageBody=json.dumps({"hello": "there"})
    )
    program.settle()

    [message] = program.messages("OrdersDlq")
    assert message["body"] == {"hello": "there"}
    assert message["attributes"]["reason"]


def test_rejected_lines_of_a_file_are_reported_and_the_others_count(program: Program) -> None:
    member = a_member(program)
    good = an_order_of(program, member, 10_000)
    future = an_order_of(program, member, 1) | {"occurred_at": "2030-01-01T00:00:00Z"}
    extra = an_order_of(program, member, 1) | {"colour": "red"}
    content = jsonl(("OrderFulfilled", good), ("OrderFulfilled", future), ("OrderFulfilled", extra))

    imported = program.imports(content + "not json\n")

    assert (imported["lines"], imported["accepted"], imported["rejected"]) == (4, 1, 3)
    [report] = imported["rejected_reports"]
    stored = program.cloud.client("s3").get_object(
        Bucket=program.outputs["ImportsBucket"], Key=report
    )
    lines = [json.loads(line) for line in stored["Body"].read().splitlines()]
    assert [(line["line"], line["code"]) for line in lines] == [
        (2, "future_date"),
        (3, "invalid_request"),
        (4, "invalid_request"),
    ]
    assert "colour" in lines[1]["reason"]
    assert "red" not in lines[1]["reason"]


def test_a_historic_file_invites_nobody_whose_orders_are_old(program: Program) -> None:
    old, recent = program.a_customer(), program.a_customer()
    long_ago = {"occurred_at": "2016-06-01T12:00:00Z"}
    orders = [
        program.an_order({"email": old.email}, THRESHOLD_MINOR, **long_ago),
        program.an_order({"email": recent.email}, THRESHOLD_MINOR),
    ]

    program.imports(jsonl(*(("OrderFulfilled", order) for order in orders)), historic=True)

    spent = [program.profile(who)["lifetime_spend"]["amount_minor"] for who in (old, recent)]
    assert spent == [THRESHOLD_MINOR + 100] * 2
    assert program.subjects(old) == []
    assert program.executions(old) == {}
    assert program.status(recent) == "invited"


# ── Whose order it is ──


@pytest.mark.parametrize("door", [over_http, as_an_event, in_a_file])
def test_an_order_of_nobody_is_kept(program: Program, door: Door) -> None:
    order = program.an_order({}, THRESHOLD_MINOR)

    door(program, order)

    [kept] = [item for item in program.items() if item.get("order_id") == order["order_id"]]
    assert (kept["item_type"], kept.get("member_id"), kept.get("orders_of")) == (
        "order",
        None,
        None,
    )


def test_identities_that_disagree_open_one_merge_task(program: Program) -> None:
    with_card, with_mail = a_member(program), program.a_customer()
    customer = {"card": with_card["card"], "email": with_mail.email}

    answers = [program.post("/v1/orders", program.an_order(customer, 700)) for _ in range(2)]

    assert all(answer["identity_conflict"] for answer in answers)
    assert {answer["member_id"] for answer in answers} == {with_card["member_id"]}
    tasks = [
        item
        for item in program.items("ProgramTable")
        if item["item_type"] == "task" and with_mail.member_id in str(item["member_ids"])
    ]
    assert [task["kind"] for task in tasks] == ["merge"]
    assert with_card["member_id"] in str(tasks[0]["member_ids"])
    assert program.profile(with_mail)["lifetime_spend"]["amount_minor"] == 100
