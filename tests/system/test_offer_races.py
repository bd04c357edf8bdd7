"""Many at once after the same offer, and offers from an order to its return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from loyalty.contracts.values import iso
from tests.support.program import SHORT_PROGRAM, Json, Program
from tests.system.test_concurrency import THREADS, WEATHERS, at_once, raging
from tests.system.test_voucher_races import insist, outcomes

pytestmark = pytest.mark.system

BUDGET, TAKERS = 5, 50


@pytest.fixture(params=WEATHERS.values(), ids=WEATHERS.keys())
def weather(request: pytest.FixtureRequest) -> Sequence[Json]:
    """What goes wrong in the cloud meanwhile."""
    rules: Sequence[Json] = request.param
    return rules


def save(program: Program, **rules: object) -> None:
    latest = program.get("/v1/program", role="admin")["latest_version"]
    update = {"based_on_version": latest, "definition": SHORT_PROGRAM | rules}
    program.put("/v1/program", update)


@contextmanager
def open_elite(program: Program) -> Iterator[None]:
    """Let who signs up be in Elite at once."""
    save(program, open_elite=True)
    try:
        yield
    finally:
        save(program)


def members(program: Program, count: int) -> list[str]:
    """Enrol so many members of Elite."""
    with open_elite(program):
        cards = [{"card": f"card-{program.number()}"} for _ in range(count)]
        return [str(program.post("/v1/members", card)["member_id"]) for card in cards]


def an_offer(program: Program, **more: object) -> str:
    offer_id = f"offer-{program.number()}"
    body: Json = {
        "offer_id": offer_id,
        "name": "Coffee",
        "kind": "points",
        "points": 50,
        "valid_from": iso(program.now),
        "expires_at": iso(program.now + timedelta(hours=10)),
    }
    program.post("/v1/offers", body | more, role="marketer")
    return offer_id


def use(
    program: Program, offer_id: str, member_id: str, use_id: str, **more: str
) -> Callable[[], httpx.Response]:
    body = {"use_id": use_id, "member_id": member_id, "occurred_at": iso(program.now)} | more
    return lambda: insist(program, f"/v1/offers/{offer_id}/uses", body)


def taken(program: Program, offer_id: str) -> int:
    return int(program.get(f"/v1/offers/{offer_id}")["uses"])


def pending(program: Program, member_id: str) -> int:
    return int(program.get(f"/v1/members/{member_id}")["points_pending"])


def facts(program: Program, member_id: str) -> Counter[str]:
    page = program.get(f"/v1/members/{member_id}/journey?limit=100")
    return Counter(step["event"] for step in page["items"])


@pytest.mark.parametrize("rules", [[], WEATHERS["conflicts"]], ids=["calm", "conflicts"])
def test_a_budget_goes_to_as_many_as_there_are_uses(
    program: Program, rules: Sequence[Json]
) -> None:
    takers = members(program, TAKERS)
    offer_id = an_offer(program, budget=BUDGET)

    with raging(program, rules):
        answers = at_once([use(program, offer_id, taker, f"U-{taker}") for taker in takers])

    assert outcomes(answers) == {"won": BUDGET, "offer_used_up": TAKERS - BUDGET}
    assert taken(program, offer_id) == BUDGET
    got = Counter(pending(program, taker) for taker in takers)
    assert got == {50: BUDGET, 0: TAKERS - BUDGET}


def test_the_same_use_sent_by_many_counts_once(program: Program, weather: Sequence[Json]) -> None:
    [ada] = members(program, 1)
    offer_id = an_offer(program, budget=BUDGET)

    with raging(program, weather):
        answers = at_once([use(program, offer_id, ada, "U-1", order_id="O-1")] * THREADS)

    assert outcomes(answers) == {"won": THREADS}
    assert len({answer.text for answer in answers}) == 1
    assert (taken(program, offer_id), pending(program, ada)) == (1, 50)
    assert facts(program, ada)["OfferUsed"] == 1


@pytest.mark.parametrize("rules", [[], WEATHERS["both"]], ids=["calm", "both"])
def test_a_member_s_limit_holds_whatever_they_try_at_once(
    program: Program, rules: Sequence[Json]
) -> None:
    [ada] = members(program, 1)
    offer_id = an_offer(program, budget=BUDGET, per_member_limit=2)

    with raging(program, rules):
        answers = at_once([use(program, offer_id, ada, f"U-{n}") for n in range(THREADS)])

    assert outcomes(answers) == {"won": 2, "offer_limit_reached": THREADS - 2}
    assert (taken(program, offer_id), pending(program, ada)) == (2, 100)
    won = next(answer.json()["use_id"] for answer in answers if answer.is_success)
    reversal = f"/v1/offers/{offer_id}/uses/{won}/reversal"
    with raging(program, rules):
        back = at_once([lambda: insist(program, reversal, {})] * THREADS)
    assert outcomes(back) == {"won": THREADS}
    assert (taken(program, offer_id), pending(program, ada)) == (1, 50)


def test_an_offer_from_the_order_to_its_return_and_its_end(program: Program) -> None:
    [ada] = members(program, 1)
    offer_id = an_offer(program, budget=BUDGET)
    order = program.an_order({"member_id": ada}, offer_ids=[offer_id, "no-such-offer"])

    program.post("/v1/orders", order)
    program.settle()

    assert (taken(program, offer_id), pending(program, ada)) == (1, 10 + 50)
    assert facts(program, ada) == {"MemberEnrolled": 1, "OfferUsed": 1, "OfferUseRefused": 1}
    shown = program.get(f"/v1/members/{ada}/offers")["items"]
    assert [(offer["offer_id"], offer["uses"]) for offer in shown if offer["uses"]] == [
        (offer_id, 1)
    ]

    goods = {"return_id": "R-1", "occurred_at": iso(program.now)}
    goods |= {"lines": [{"sku": "milk", "quantity": 1}]}
    program.post(f"/v1/orders/shop/{order['order_id']}/returns", goods)
    program.settle()

    assert (taken(program, offer_id), pending(program, ada)) == (0, 0)
    assert facts(program, ada)["OfferUseReversed"] == 1

    program.advance(timedelta(days=1))

    assert program.get(f"/v1/offers/{offer_id}")["retired_at"] is not None
    assert program.get(f"/v1/members/{ada}/offers")["items"] == []
