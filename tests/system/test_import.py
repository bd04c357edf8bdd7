"""A file of orders and returns comes out the same, however often and whatever happens meanwhile."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from loyalty.contracts.values import iso
from loyalty.domain.ledger import Account, Lot, PendingPoints, without_empty_windows
from loyalty.domain.member import Identity, Member
from tests.support.ministack import wait_until
from tests.support.program import DAY, START, Json, Program, jsonl

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

ORDERS, RETURNS, CUSTOMERS = 5_000, 300, 200
# Half of the orders are older than the return window at the import, half are younger.
IMPORTED_AT = START + 28 * DAY
RETRIES = timedelta(minutes=10)

_LOTS = TypeAdapter(tuple[Lot, ...])
_PENDING = TypeAdapter(tuple[PendingPoints, ...])

Line = tuple[str, Json]


def email_of(nth: int) -> str:
    return f"shopper-{nth}@example.com"


def some_orders(draw: random.Random) -> list[Json]:
    orders = []
    for nth in range(ORDERS):
        quantity = draw.randint(1, 3)
        coat, milk = 100 * quantity + draw.randint(0, 1_500), draw.randint(50, 700)
        occurred_at = START + draw.random() * (IMPORTED_AT - START)
        orders.append(
            {
                "source": "till",
                "order_id": f"T-{nth}",
                "occurred_at": iso(occurred_at.replace(microsecond=0)),
                "customer": {"email": email_of(draw.randrange(CUSTOMERS))},
                "total": {"amount_minor": coat + milk, "currency": "EUR"},
                "lines": [
                    {"sku": "coat", "quantity": quantity, "amount_minor": coat},
                    {"sku": "milk", "quantity": 1, "amount_minor": milk},
                ],
            }
        )
    return sorted(orders, key=lambda order: str(order["occurred_at"]))


def some_returns(draw: random.Random, orders: list[Json]) -> list[Json]:
    """Return what comes back: lines of some orders, amounts of others, twice from a few."""
    returned = draw.sample(orders, RETURNS - 20)
    returns = []
    for nth, order in enumerate([*returned, *returned[:20]]):
        coat, milk = order["lines"]
        goods: Json = {"lines": [{"sku": "milk", "quantity": 1}]}
        if nth >= len(returned):
            goods = {"lines": [{"sku": "coat", "quantity": 1, "amount_minor": 100}]}
        elif nth % 2 and nth >= 20:
            amount = draw.randint(1, coat["amount_minor"] + milk["amount_minor"])
            goods = {"amount": {"amount_minor": amount, "currency": "EUR"}}
        named = {name: order[name] for name in ("source", "order_id", "occurred_at")}
        returns.append(named | {"return_id": f"R-{nth}"} | goods)
    return returns


def the_file() -> list[Line]:
    """Return the lines of the file: each return follows its order, or stands long before it."""
    draw = random.Random(5_300)
    orders = some_orders(draw)
    lines: list[Line] = [("OrderFulfilled", order) for order in orders]
    for nth, goods in enumerate(some_returns(draw, orders)):
        place = next(
            at for at, (_, data) in enumerate(lines) if data["order_id"] == goods["order_id"]
        )
        lines.insert(
            draw.randint(0, place) if nth % 3 == 0 else place + 1, ("GoodsReturned", goods)
        )
    return lines


def as_sent_again(lines: list[Line], seed: int) -> str:
    """Return the lines shuffled, every tenth of them twice, as events of other ids and times."""
    draw = random.Random(seed)
    copies = [*lines, *draw.sample(lines, len(lines) // 10)]
    draw.shuffle(copies)
    return "".join(
        json.dumps(
            {
                "type": kind,
                "data": data,
                "metadata": {
                    "event_id": f"{seed}-{nth}",
                    "occurred_at": iso(IMPORTED_AT + timedelta(seconds=nth)),
                },
            }
        )
        + "\n"
        for nth, (kind, data) in enumerate(copies)
    )


def with_members(program: Program) -> None:
    """Enrol half of the customers, before the first order; then the time of the import comes."""
    members = [{"email": email_of(nth)} for nth in range(0, CUSTOMERS, 2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda member: program.post("/v1/members", member), members))
    # Nothing happens on the way: there is nothing yet that could.
    program.cloud.set_clock(iso(IMPORTED_AT))


def figures(member: Member, orders: int) -> Json:
    """Return a customer's figures; a window without points is as good as none."""
    account = member.account
    return {
        "enrolled": member.joined_at is not None,
        "orders": orders,
        "lifetime_spend_minor": member.lifetime_spend_minor,
        "lots": account.lots,
        "pending": without_empty_windows(account).pending,
        "owed": account.owed,
    }


def live_books(program: Program) -> dict[str, Json]:
    """Return every customer's figures by e-mail address, from the live table."""
    items = program.items()
    orders = Counter(item.get("orders_of") for item in items if item["item_type"] == "order")
    members = [as_member(item) for item in items if item["item_type"] == "profile"]
    return {
        str(member.identity("email")): figures(member, orders[member.member_id])
        for member in members
    }


def as_member(item: Json) -> Member:
    return replace(
        Member(item["member_id"], version=int(item["version"]), created_at=START),
        identities=tuple(Identity(**one) for one in json.loads(item["identities"])),
        joined_at=START if item.get("joined_at") else None,
        lifetime_spend_minor=int(item["lifetime_spend_minor"]),
        account=Account(
            lots=_LOTS.validate_json(item["lots"]),
            pending=_PENDING.validate_json(item["pending"]),
            owed=int(item.get("owed") or 0),
        ),
    )


def progress(program: Program, import_id: str) -> Json:
    return program.get(f"/v1/imports/{import_id}", role="erp")


def until_it_is_under_way(program: Program, items: int) -> None:
    """Wait for so many new items of orders; looking costs the import time, so not too often."""
    before = program.item_count()
    wait_until(lambda: program.item_count() >= before + items, 240, poll_seconds=0.5)


def until_a_chunk_is_done(program: Program, import_id: str) -> None:
    def done() -> bool:
        found = progress(program, import_id)
        assert found["state"] in ("planned", "running"), "it was over before it was disturbed"
        return bool(found["chunks_done"])

    wait_until(done, 240, poll_seconds=0.2)


def import_whole(program: Program, content: str) -> Json:
    """Import a file; on a busy machine a chunk may need another attempt, which waits its time."""
    import_id = program.uploads(content)
    program.advance(RETRIES)
    return progress(program, import_id)


def advance(program: Program, moment: datetime) -> None:
    # The cloud dies before it answers.
    with suppress(httpx.HTTPError):
        program.advance_to(moment)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return the_file()


@pytest.fixture(scope="module")
def clean_books(lines: list[Line], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    """Import the file as it is, once and undisturbed, in a cloud of its own."""
    with Program(tmp_path_factory.mktemp("clean")) as program:
        with_members(program)
        report = import_whole(program, jsonl(*lines))
        assert report["state"] == "finished"
        assert report["accepted"] == ORDERS
        assert report["returns"] + report["waiting"] == RETURNS
        return live_books(program)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path) as program:
        with_members(program)
        yield program


def test_a_clean_import_is_what_the_file_says(
    clean_books: dict[str, Json], lines: list[Line]
) -> None:
    bought = Counter(data["customer"]["email"] for kind, data in lines if kind == "OrderFulfilled")
    assert {email: found["orders"] for email, found in clean_books.items()} == bought
    assert sum(bought.values()) == ORDERS
    assert len(lines) == ORDERS + RETURNS
    members = [found for found in clean_books.values() if found["enrolled"]]
    assert len(members) == CUSTOMERS // 2
    assert all(found["lots"] and found["pending"] for found in members)
    others = [found for found in clean_books.values() if not found["enrolled"]]
    assert not any(found["lots"] or found["pending"] for found in others)


def test_imported_thrice_shuffled_among_crashes_it_is_as_if_it_was_imported_once(
    program: Program, clean_books: dict[str, Json], lines: list[Line]
) -> None:
    first = program.uploads(as_sent_again(lines, seed=1))
    until_it_is_under_way(program, items=1_000)
    assert program.kill_functions() > 0
    # A chunk's next attempt waits for the clock, which nobody else moves.
    there = program.now + RETRIES
    passing = threading.Thread(target=advance, args=(program, there))
    passing.start()
    until_it_is_under_way(program, items=500)
    program.crash()
    passing.join()
    program.advance_to(there)
    assert progress(program, first)["state"] == "finished"
    assert live_books(program) == clean_books

    second = program.uploads(as_sent_again(lines, seed=2))
    until_a_chunk_is_done(program, second)
    assert program.kill_functions() > 0
    program.advance(RETRIES)
    assert progress(program, second)["state"] == "finished"
    third = import_whole(program, as_sent_again(lines, seed=3))

    assert third["state"] == "finished"
    assert third["duplicates"] == third["lines"] == len(lines) * 11 // 10
    assert live_books(program) == clean_books
