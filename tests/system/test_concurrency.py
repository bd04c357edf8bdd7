"""Many at once, calm and with a cloud that refuses transactions and loses answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import httpx
import pytest

from tests.support.program import THRESHOLD_MINOR, Json, Program

pytestmark = pytest.mark.system

THREADS = 16
_BUSY = 503
_ASKED_AGAIN = 20
_TRANSACTION = {"service": "dynamodb", "operation": "TransactWriteItems"}
_CONFLICTS = _TRANSACTION | {"kind": "conflict", "share": 0.25}
_LOST_ANSWERS = _TRANSACTION | {"kind": "lost_response", "share": 0.25}
# Seeds whose first draws hit: the first transaction, or the second where two faults take turns.
WEATHERS: dict[str, list[Json]] = {
    "calm": [],
    "conflicts": [_CONFLICTS | {"seed": 8}],
    "lost answers": [_LOST_ANSWERS | {"seed": 4}],
    "both": [_CONFLICTS | {"seed": 7}, _LOST_ANSWERS | {"seed": 4}],
}

T = TypeVar("T")


@pytest.fixture(params=WEATHERS.values(), ids=WEATHERS.keys())
def weather(request: pytest.FixtureRequest) -> Sequence[Json]:
    """What goes wrong in the cloud meanwhile."""
    rules: Sequence[Json] = request.param
    return rules


@contextmanager
def raging(program: Program, weather: Sequence[Json]) -> Iterator[None]:
    with program.faults(*weather):
        yield
        hits = [rule["hits"] for rule in program.cloud.get("/_local/faults")["items"]]
        assert all(hits), "nothing went wrong"


def at_once(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of it at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], T]) -> T:
        start.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def insist(program: Program, order: Json) -> httpx.Response:
    """Post an order as tills do: again while the answer is that somebody else is at it."""
    for _ in range(_ASKED_AGAIN):
        answer = program.request("POST", "/v1/orders", order)
        if answer.status_code != _BUSY:
            break
        assert answer.json()["code"] == "member_busy"
    return answer


def orders_of(program: Program, member_id: str) -> list[str]:
    page = program.get(f"/v1/members/{member_id}/orders?limit=100")
    return sorted(order["order_id"] for order in page["items"])


def test_the_same_order_at_once_is_awarded_once(program: Program, weather: Sequence[Json]) -> None:
    member = program.post("/v1/members", {"card": f"card-{program.number()}"})
    order = program.an_order({"member_id": member["member_id"]}, 10_000)

    with raging(program, weather):
        answers = at_once([lambda: insist(program, order)] * THREADS)

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201}
    # The answer of the one that was first may be the one that got lost.
    assert statuses[201] == 1 or weather
    assert statuses[201] <= 1
    assert len({answer.text for answer in answers}) == 1
    profile = program.get(f"/v1/members/{member['member_id']}")
    assert (profile["points_pending"], profile["lifetime_spend"]["amount_minor"]) == (10, 10_000)
    ledger = program.get(f"/v1/members/{member['member_id']}/ledger")["items"]
    assert [entry["kind"] for entry in ledger] == ["accrual"]


def test_different_orders_of_one_customer_lose_no_update(
    program: Program, weather: Sequence[Json]
) -> None:
    member = program.post("/v1/members", {"card": f"card-{program.number()}"})
    orders = [
        program.an_order({"member_id": member["member_id"]}, 1_000 * nth)
        for nth in range(1, THREADS + 1)
    ]

    with raging(program, weather):
        answers = at_once([lambda order=order: insist(program, order) for order in orders])

    assert {answer.status_code for answer in answers} <= {200, 201}
    whole = sum(order["total"]["amount_minor"] for order in orders)
    profile = program.get(f"/v1/members/{member['member_id']}")
    assert profile["lifetime_spend"]["amount_minor"] == whole
    assert profile["points_pending"] == whole // 1000
    assert orders_of(program, member["member_id"]) == sorted(o["order_id"] for o in orders)
    crossed = [answer.json()["threshold_crossed"] for answer in answers]
    assert crossed.count(True) == 1
    program.settle()


def test_first_orders_of_an_unknown_customer_make_one_customer(
    program: Program, weather: Sequence[Json]
) -> None:
    email = f"new-{program.number()}@example.com"
    orders = [program.an_order({"email": email}, 1_000) for _ in range(THREADS)]

    with raging(program, weather):
        answers = at_once([lambda order=order: insist(program, order) for order in orders])

    assert {answer.status_code for answer in answers} <= {200, 201}
    [member_id] = {answer.json()["member_id"] for answer in answers}
    found = program.post("/v1/members/lookups", {"email": email})
    assert found["member_id"] == member_id
    assert found["lifetime_spend"]["amount_minor"] == THREADS * 1_000
    assert orders_of(program, member_id) == sorted(order["order_id"] for order in orders)
    profiles = [
        item
        for item in program.items()
        if item["item_type"] == "profile" and email in str(item["identities"])
    ]
    assert len(profiles) == 1


def test_of_accept_and_decline_at_once_one_holds(program: Program) -> None:
    customer = program.an_invited_customer()
    token = program.mails(customer)[0].token

    def answer(what: str) -> Callable[[], httpx.Response]:
        return lambda: program.answers(token, what)

    answers = at_once([answer("accept"), answer("decline")] * (THREADS // 2))
    program.settle()

    held = Counter(answer.status_code for answer in answers)
    assert held == {200: 1, 409: THREADS - 1}
    [state] = [answer.json()["state"] for answer in answers if answer.status_code == 200]
    events = [event for event in program.events(customer) if event.startswith("Invite")]
    journey = (events, program.status(customer), program.visited(customer.member_id)[-1])
    welcomed = program.subjects(customer)[1:]
    if state == "accepted":
        assert journey == (["InviteAccepted"], "active", "Activated")
        assert welcomed == ["Welcome to Elite"]
    else:
        assert journey == (["InviteDeclined"], "not_interested", "Declined")
        assert welcomed == []


def test_a_threshold_crossed_by_many_orders_at_once_invites_once(program: Program) -> None:
    customer = program.a_customer()
    orders = [program.an_order({"email": customer.email}, THRESHOLD_MINOR) for _ in range(THREADS)]

    at_once([lambda order=order: insist(program, order) for order in orders])
    program.settle()

    assert program.events(customer) == ["ThresholdCrossed", "CustomerInvited"]
    assert len(program.mails(customer)) == 1
