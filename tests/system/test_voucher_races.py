"""Many at once after the same voucher, the same points, the last pieces: nobody gets too much."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx
import pytest

from loyalty.contracts.values import iso
from tests.support.program import Json, Program
from tests.system.test_concurrency import THREADS, WEATHERS, at_once, raging

pytestmark = pytest.mark.system

TAKERS = 20
STOCK, STOCK_TAKERS = 5, 50
_BUSY = 503
_ASKED_AGAIN = 30


@pytest.fixture(params=WEATHERS.values(), ids=WEATHERS.keys())
def weather(request: pytest.FixtureRequest) -> Sequence[Json]:
    """What goes wrong in the cloud meanwhile."""
    rules: Sequence[Json] = request.param
    return rules


def insist(program: Program, path: str, body: Json) -> httpx.Response:
    """Ask as tills do: again while the answer is that somebody else is at it."""
    for _ in range(_ASKED_AGAIN):
        answer = program.request("POST", path, body)
        if answer.status_code != _BUSY:
            break
        assert answer.json()["code"] == "member_busy"
    return answer


def outcomes(answers: Sequence[httpx.Response]) -> Counter[str]:
    """Count the answers: `won`, or the code of the refusal."""
    return Counter("won" if one.is_success else one.json()["code"] for one in answers)


def a_voucher(program: Program, **more: object) -> str:
    body: Json = {
        "voucher_id": f"voucher-{program.number()}",
        "kind": "percent",
        "percent": 10,
        "expires_at": iso(program.now + timedelta(days=30)),
    }
    return str(program.post("/v1/vouchers", body | more, role="manager")["code"])


def a_member(program: Program, points: int) -> str:
    member_id = str(program.post("/v1/members", {"card": f"card-{program.number()}"})["member_id"])
    body = {"adjustment_id": "A-1", "points": points, "reason": "welcome"}
    program.post(f"/v1/members/{member_id}/adjustments", body, role="manager")
    return member_id


def a_reward(program: Program, points: int, **more: object) -> str:
    reward_id = f"reward-{program.number()}"
    body = {"reward_id": reward_id, "name": "Mug", "kind": "product", "points": points}
    program.post("/v1/rewards", body | more, role="manager")
    return reward_id


def redemption(
    program: Program, member_id: str, reward_id: str, redemption_id: str
) -> Callable[[], httpx.Response]:
    body = {"redemption_id": redemption_id, "reward_id": reward_id}
    return lambda: insist(program, f"/v1/members/{member_id}/redemptions", body)


def test_of_many_redemptions_of_a_voucher_one_wins(
    program: Program, weather: Sequence[Json]
) -> None:
    code = a_voucher(program)

    def redeem(till: int) -> Callable[[], httpx.Response]:
        body = {"redemption_id": f"R-{till}", "order_id": f"O-{till}"}
        return lambda: insist(program, f"/v1/vouchers/{code}/redemptions", body)

    with raging(program, weather):
        answers = at_once([redeem(till) for till in range(TAKERS)])

    assert outcomes(answers) == {"won": 1, "voucher_already_redeemed": TAKERS - 1}
    assert program.get(f"/v1/vouchers/{code}")["state"] == "redeemed"


def test_the_same_redemption_sent_by_many_counts_once(
    program: Program, weather: Sequence[Json]
) -> None:
    amount = {"amount_minor": 1_000, "currency": "EUR"}
    code = a_voucher(program, kind="amount", percent=None, amount=amount)
    body = {"redemption_id": "R-1", "order_id": "O-1", "amount_minor": 300}

    with raging(program, weather):
        path = f"/v1/vouchers/{code}/redemptions"
        answers = at_once([lambda: insist(program, path, body)] * TAKERS)

    assert outcomes(answers) == {"won": TAKERS}
    assert len({answer.text for answer in answers}) == 1
    assert program.get(f"/v1/vouchers/{code}")["remaining"]["amount_minor"] == 700


def test_parts_at_once_never_exceed_the_amount(program: Program, weather: Sequence[Json]) -> None:
    amount = {"amount_minor": 1_000, "currency": "EUR"}
    code = a_voucher(program, kind="amount", percent=None, amount=amount)

    def redeem(till: int) -> Callable[[], httpx.Response]:
        body = {"redemption_id": f"R-{till}", "order_id": f"O-{till}", "amount_minor": 150}
        return lambda: insist(program, f"/v1/vouchers/{code}/redemptions", body)

    with raging(program, weather):
        answers = at_once([redeem(till) for till in range(TAKERS)])

    assert outcomes(answers) == {"won": 6, "voucher_amount_exceeded": TAKERS - 6}
    assert program.get(f"/v1/vouchers/{code}")["remaining"]["amount_minor"] == 100


def test_of_many_redemptions_of_the_same_points_one_wins(
    program: Program, weather: Sequence[Json]
) -> None:
    member_id, reward_id = a_member(program, points=100), a_reward(program, points=100)

    with raging(program, weather):
        takers = [redemption(program, member_id, reward_id, f"R-{n}") for n in range(TAKERS)]
        answers = at_once(takers)

    assert outcomes(answers) == {"won": 1, "insufficient_points": TAKERS - 1}
    assert program.get(f"/v1/members/{member_id}")["points_available"] == 0
    ledger = program.get(f"/v1/members/{member_id}/ledger")["items"]
    assert Counter(entry["kind"] for entry in ledger) == {"adjustment": 1, "redemption": 1}


@pytest.mark.parametrize("rules", [[], WEATHERS["conflicts"]], ids=["calm", "conflicts"])
def test_a_stock_goes_to_as_many_as_there_are_pieces(
    program: Program, rules: Sequence[Json]
) -> None:
    reward_id = a_reward(program, points=10, stock=STOCK)
    members = [a_member(program, points=10) for _ in range(STOCK_TAKERS)]

    with raging(program, rules):
        answers = at_once([redemption(program, member, reward_id, "R-1") for member in members])

    assert outcomes(answers) == {"won": STOCK, "out_of_stock": STOCK_TAKERS - STOCK}
    assert program.get(f"/v1/rewards/{reward_id}")["stock"] == 0
    left = [program.get(f"/v1/members/{member}")["points_available"] for member in members]
    assert Counter(left) == {0: STOCK, 10: STOCK_TAKERS - STOCK}


def test_redemption_and_reversal_at_once_end_where_they_began(program: Program) -> None:
    reward_id = a_reward(program, points=10, stock=STOCK)
    member_id = a_member(program, points=10)
    redemption(program, member_id, reward_id, "R-1")()
    path = f"/v1/members/{member_id}/redemptions/R-1/reversal"

    answers = at_once([lambda: insist(program, path, {})] * TAKERS)

    assert outcomes(answers) == {"won": TAKERS}
    assert program.get(f"/v1/members/{member_id}")["points_available"] == 10
    assert program.get(f"/v1/rewards/{reward_id}")["stock"] == STOCK


def test_whatever_many_do_at_once_the_books_agree(program: Program) -> None:
    stock = 15
    mug = a_reward(program, points=7, stock=stock)
    five = {"kind": "amount", "amount": {"amount_minor": 500, "currency": "EUR"}}
    voucher = a_reward(program, points=11, kind="voucher", voucher=five)
    members = [a_member(program, points=90) for _ in range(3)]

    def shopper(number: int) -> Callable[[], None]:
        draw = random.Random(number)

        def act() -> None:
            for step in range(8):
                member_id = draw.choice(members)
                redemption_id = f"R-{draw.randrange(THREADS)}-{step}"
                redeemed = redemption(
                    program, member_id, draw.choice((mug, voucher)), redemption_id
                )().json()
                for given in redeemed.get("vouchers", ()):
                    path = f"/v1/vouchers/{given['code']}"
                    use = {"redemption_id": "U-1", "order_id": "O-1", "amount_minor": 100}
                    if draw.random() < 0.5:
                        insist(program, f"{path}/redemptions", use)
                    if draw.random() < 0.5:
                        insist(program, f"{path}/rollbacks", {"redemption_id": "U-1"})
                if draw.random() < 0.5:
                    path = f"/v1/members/{member_id}/redemptions/{redemption_id}/reversal"
                    insist(program, path, {})

        return act

    with raging(program, WEATHERS["both"]):
        at_once([shopper(number) for number in range(THREADS)])
    program.settle()

    items = program.items()
    kept = [item for item in items if item["item_type"] == "redemption"]
    kept = [item for item in kept if item["member_id"] in members]
    assert {item["state"] for item in kept} == {"redeemed", "reversed"}
    open_ = [item for item in kept if item["state"] == "redeemed"]
    held = sum(item["quantity"] for item in open_ if item["reward_id"] == mug)
    assert program.get(f"/v1/rewards/{mug}")["stock"] + held == stock
    for member_id in members:
        spent = sum(item["points"] for item in open_ if item["member_id"] == member_id)
        assert program.get(f"/v1/members/{member_id}")["points_available"] == 90 - spent
    codes = {code for item in kept for code in json.loads(item["voucher_codes"])}
    states = {
        item["code"]: item["state"]
        for item in program.items("VouchersTable")
        if item["item_type"] == "voucher"
    }
    alive = {code for item in open_ for code in json.loads(item["voucher_codes"])}
    assert {code for code in codes if states[code] == "cancelled"} == codes - alive
    program.post("/v1/reports/ledger/checks", role="finance")
    program.settle()
    assert program.get("/v1/reports/ledger", role="finance")["violations"] == []


def test_a_voucher_that_expires_is_cleared_by_the_schedule_and_told(program: Program) -> None:
    voucher_id = f"voucher-{program.number()}"
    expires_at = program.now + timedelta(hours=6)
    code = a_voucher(program, voucher_id=voucher_id, expires_at=iso(expires_at))

    program.advance(timedelta(days=1))

    assert program.get(f"/v1/vouchers/{code}")["state"] == "expired"
    items = [
        item for item in program.items("VouchersTable") if item.get("voucher_id") == voucher_id
    ]
    assert {item["state"] for item in items if item["item_type"] == "voucher"} == {"expired"}
    facts = {item["event"] for item in items if item["item_type"] == "voucher_fact"}
    assert facts == {"VoucherIssued", "VoucherExpired"}
