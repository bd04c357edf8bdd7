"""Rewards and redemptions by HTTP: points, stock and vouchers move together or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.values import iso
from loyalty.runtime import composition
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.http import Answer, call, is_problem
from tests.support.moto_app import MotoApp

Json = dict[str, Any]
FIVE_EUROS = {"kind": "amount", "amount": {"amount_minor": 500, "currency": "EUR"}}


def a_reward(reward_id: str = "mug", points: int = 100, **more: Any) -> Json:
    return {"reward_id": reward_id, "name": "Mug", "kind": "product", "points": points} | more


def add(request: Json, roles: str = "marketer") -> Answer:
    return call("rewards", "POST", "/v1/rewards", request, roles=roles)


def reward(reward_id: str = "mug") -> Json:
    found: Json = call("rewards", "GET", f"/v1/rewards/{reward_id}", roles="member").body
    return found


def redeem(
    member_id: str, redemption_id: str = "R-1", reward_id: str = "mug", **more: Any
) -> Answer:
    body = {"redemption_id": redemption_id, "reward_id": reward_id} | more
    return call("redemptions", "POST", f"/v1/members/{member_id}/redemptions", body)


def reverse(member_id: str, redemption_id: str = "R-1", *, by: str = "") -> Answer:
    path = f"/v1/members/{member_id}/redemptions/{redemption_id}/reversal"
    return call("redemptions", "POST", path, roles="manager", member_id=by)


def profile(member_id: str) -> Json:
    found: Json = call("members", "GET", f"/v1/members/{member_id}").body
    return found


def ledger(member_id: str) -> list[Json]:
    items: list[Json] = call("members", "GET", f"/v1/members/{member_id}/ledger").body["items"]
    return items


def voucher_use(code: str, action: str = "redemptions") -> Answer:
    body = {"redemption_id": "U-1", "order_id": "O-1"}
    return call("vouchers", "POST", f"/v1/vouchers/{code}/{action}", body)


@pytest.fixture
def ada(app: MotoApp) -> str:
    """A member with 100 points to spend."""
    enrolled = call("members", "POST", "/v1/members", {"email": "ada@example.com"})
    member_id = str(enrolled.body["member_id"])
    body = {"adjustment_id": "A-1", "points": 100, "reason": "welcome"}
    path = f"/v1/members/{member_id}/adjustments"
    assert call("points", "POST", path, body, roles="manager").status == 201
    return member_id


def test_points_buy_a_reward_once_per_id(app: MotoApp, ada: str) -> None:
    assert add(a_reward(stock=5)).status == 201
    first = redeem(ada)
    assert first.status == 201
    assert (first.body["points"], first.body["points_available"]) == (100, 0)
    assert (first.body["voucher"], reward()["stock"]) == (None, 4)
    again = redeem(ada)
    assert (again.status, again.body) == (200, first.body)
    is_problem(redeem(ada, quantity=2), 409, "redemption_conflict")
    is_problem(redeem(ada, "R-2"), 409, "insufficient_points")
    assert reward()["stock"] == 4
    newest = ledger(ada)[0]
    assert (newest["kind"], newest["points"], newest["balance_after"]) == ("redemption", -100, 0)
    assert {line["account"]: line["points"] for line in newest["lines"]} == {
        f"member:{ada}:available": -100,
        "redeemed": 100,
    }


def test_what_is_out_of_stock_cannot_be_had(app: MotoApp, ada: str) -> None:
    add(a_reward(points=10, stock=3))
    is_problem(redeem(ada, quantity=4), 409, "out_of_stock")
    assert redeem(ada, quantity=3).body["points_available"] == 70
    is_problem(redeem(ada, "R-2"), 409, "out_of_stock")


def test_a_reward_of_kind_voucher_gives_one_per_piece(app: MotoApp, ada: str) -> None:
    add(a_reward("five", 20, kind="voucher", voucher=FIVE_EUROS | {"valid_days": 30}))
    answer = redeem(ada, reward_id="five", quantity=2)
    assert answer.status == 201, answer.text
    codes = [voucher["code"] for voucher in answer.body["vouchers"]]
    assert len(set(codes)) == 2
    assert answer.body["voucher"] == answer.body["vouchers"][0]
    assert answer.body["voucher"]["amount"] == FIVE_EUROS["amount"]
    assert voucher_use(codes[0]).status == 201
    path = f"/v1/members/{ada}/vouchers"
    assert len(call("redemptions", "GET", path).body["items"]) == 2


def test_a_reversal_puts_everything_back_once(app: MotoApp, ada: str) -> None:
    add(a_reward("five", 20, kind="voucher", stock=7, voucher=FIVE_EUROS))
    code = redeem(ada, reward_id="five").body["voucher"]["code"]
    answer = reverse(ada)
    assert answer.status == 200, answer.text
    assert answer.body == {"redemption_id": "R-1", "points": 20, "points_available": 100}
    assert reward("five")["stock"] == 7
    is_problem(voucher_use(code), 409, "voucher_cancelled")
    assert reverse(ada).body == answer.body
    assert profile(ada)["points_available"] == 100
    assert [entry["kind"] for entry in ledger(ada)] == ["reversal", "redemption", "adjustment"]
    assert redeem(ada, reward_id="five").status == 200  # the id is used up
    is_problem(reverse(ada, "R-9"), 404, "redemption_not_found")
    is_problem(reverse("m-nobody"), 404, "member_not_found")
    is_problem(reverse(ada, by=ada), 403, "own_account")


def test_a_used_voucher_keeps_its_redemption(app: MotoApp, ada: str) -> None:
    add(a_reward("five", 20, kind="voucher", stock=7, voucher=FIVE_EUROS))
    code = redeem(ada, reward_id="five").body["voucher"]["code"]
    voucher_use(code)
    is_problem(reverse(ada), 409, "voucher_already_redeemed")
    assert (profile(ada)["points_available"], reward("five")["stock"]) == (80, 6)
    voucher_use(code, "rollbacks")
    assert reverse(ada).status == 200


def test_points_of_an_expired_lot_come_back_for_a_while(app: MotoApp, ada: str) -> None:
    add(a_reward())
    redeem(ada)
    later = NOW + timedelta(days=2_000)
    app.set_clock(later)
    answer = reverse(ada)
    assert answer.body["points_available"] == 100
    app.set_clock(later + timedelta(days=30))
    assert redeem(ada, "R-2").status == 201
    assert reverse(ada, "R-2").status == 200
    # They went back to the lot of the first grace, which is over now.
    app.set_clock(later + timedelta(days=31))
    is_problem(redeem(ada, "R-3"), 409, "insufficient_points")


def test_only_who_may_have_a_reward_gets_it(app: MotoApp, ada: str) -> None:
    tier = profile(ada)["tier"]
    add(a_reward("mine", 1, tiers=[tier]))
    assert redeem(ada, "R-1", "mine").status == 201
    is_problem(redeem(ada, "R-2", "nothing"), 404, "reward_not_found")
    is_problem(redeem("m-nobody", "R-2", "mine"), 404, "member_not_found")
    call("rewards", "DELETE", "/v1/rewards/mine", roles="marketer")
    is_problem(redeem(ada, "R-2", "mine"), 409, "reward_not_available")
    is_problem(add(a_reward("theirs", tiers=["diamond"])), 422, "reward_invalid")
    bob = call("orders", "POST", "/v1/orders", an_order()).body["member_id"]
    add(a_reward())
    is_problem(redeem(bob), 409, "not_enrolled")


def an_order() -> Json:
    return {
        "source": "pos",
        "order_id": "O-1",
        "occurred_at": iso(NOW - timedelta(hours=1)),
        "customer": {"email": "bob@example.com"},
        "total": {"amount_minor": 100, "currency": "EUR"},
    }


def gift_tasks(app: MotoApp) -> list[Json]:
    """Return the tasks of the warehouse as they are stored."""
    return [item for item in app.items(app.program_table) if item["item_type"]["S"] == "task"]


def test_a_gift_opens_a_task_for_the_warehouse_once(app: MotoApp, ada: str) -> None:
    add(a_reward("vase", 60, kind="gift", stock=2, sku="V-60"))
    assert redeem(ada, reward_id="vase").status == 201
    assert redeem(ada, reward_id="vase").status == 200
    [task] = gift_tasks(app)
    assert (task["kind"]["S"], task["state"]["S"]) == ("gift_dispatch", "open")


@pytest.mark.parametrize(
    ("decisions", "status", "state"),
    [
        ([], 200, "withdrawn"),
        (["packed"], 200, "withdrawn"),
        (["cancelled"], 200, "cancelled"),
        (["dispatched"], 409, "dispatched"),
        (["dispatched", "returned"], 200, "returned"),
    ],
)
def test_a_gift_can_be_reversed_unless_it_is_on_its_way(
    app: MotoApp, ada: str, decisions: list[str], status: int, state: str
) -> None:
    add(a_reward("vase", 60, kind="gift", stock=2, sku="V-60"))
    redeem(ada, reward_id="vase")
    [task] = gift_tasks(app)
    path = f"/v1/tasks/{task['task_id']['S']}/decision"
    for decision in decisions:
        body = {"decision": decision, "comment": "as it is"}
        answer = call("tasks", "POST", path, body, roles="warehouse")
        assert answer.status == 200, answer.text
    assert reverse(ada).status == status
    [task] = gift_tasks(app)
    assert task["state"]["S"] == state
    assert reward("vase")["stock"] == (2 if status == 200 else 1)


def test_the_catalogue_is_kept_by_staff(app: MotoApp) -> None:
    created = add(a_reward(stock=5))
    assert (created.status, created.body["revision"]) == (201, 1)
    assert add(a_reward(stock=5)).status == 200
    is_problem(add(a_reward(points=101)), 409, "reward_conflict")
    path = "/v1/rewards/mug"
    changed = call("rewards", "PATCH", path, {"points": 90}, roles="manager")
    assert (changed.body["points"], changed.body["stock"], changed.body["revision"]) == (90, 5, 2)
    endless = call("rewards", "PATCH", path, {"stock": None}, roles="manager")
    assert (endless.body["stock"], endless.body["points"]) == (None, 90)
    assert reward()["stock"] is None
    retired = call("rewards", "DELETE", path, roles="manager")
    assert (retired.status, retired.body["retired_at"]) == (200, iso(NOW))
    is_problem(
        call("rewards", "PATCH", path, {"points": 1}, roles="manager"), 404, "reward_not_found"
    )
    is_problem(call("rewards", "GET", "/v1/rewards/nothing"), 404, "reward_not_found")


def test_the_catalogue_has_pages(app: MotoApp) -> None:
    for name in ("c", "a", "b"):
        add(a_reward(name))
    first = call("rewards", "GET", "/v1/rewards", query={"limit": "2"}, roles="member").body
    assert [item["reward_id"] for item in first["items"]] == ["a", "b"]
    query = {"limit": "2", "cursor": first["next_cursor"]}
    rest = call("rewards", "GET", "/v1/rewards", query=query, roles="member").body
    assert ([item["reward_id"] for item in rest["items"]], rest["next_cursor"]) == (["c"], None)
    for forged in ("x", "UFJPR1JBTQ"):
        answer = call("rewards", "GET", "/v1/rewards", query={"cursor": forged}, roles="member")
        is_problem(answer, 422, "cursor_invalid")


def test_stock_that_staff_does_not_name_goes_on_counting_down(app: MotoApp, ada: str) -> None:
    add(a_reward(points=10, stock=5))
    redeem(ada)
    call("rewards", "PATCH", "/v1/rewards/mug", {"name": "Cup"}, roles="manager")
    assert (reward()["stock"], reward()["name"]) == (4, "Cup")
    call("rewards", "PATCH", "/v1/rewards/mug", {"stock": 50}, roles="manager")
    assert redeem(ada, "R-2").status == 201
    assert reward()["stock"] == 49


BAD_REWARDS: dict[str, Json] = {
    "no points": {"points": 0},
    "points below zero": {"points": -1},
    "points as text": {"points": "100"},
    "points as a fraction": {"points": 1.5},
    "stock below zero": {"stock": -1},
    "a voucher reward without a voucher": {"kind": "voucher"},
    "a voucher that contradicts itself": {"voucher": {"kind": "percent", "sku": "milk"}},
    "a voucher that ends twice": {
        "voucher": FIVE_EUROS | {"valid_days": 3, "expires_at": iso(NOW + timedelta(days=3))}
    },
    "an unknown kind": {"kind": "bribe"},
    "an unknown field": {"colour": "gold"},
    "no name": {"name": " "},
    "an id with a slash": {"reward_id": "a/b"},
}


@pytest.mark.parametrize("name", BAD_REWARDS)
def test_a_bad_reward_is_a_problem_and_writes_nothing(app: MotoApp, name: str) -> None:
    is_problem(add(a_reward() | BAD_REWARDS[name]), 422, "invalid_request")
    assert app.items(app.program_table) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"redemption_id": "R-1"},
        {"redemption_id": "R-1", "reward_id": "mug", "quantity": 0},
        {"redemption_id": "R-1", "reward_id": "mug", "quantity": 21},
        {"redemption_id": "R-1", "reward_id": "mug", "quantity": 1.5},
        {"redemption_id": "R/1", "reward_id": "mug"},
        {"redemption_id": "R-1", "reward_id": "mug", "points": 1},
    ],
)
def test_a_bad_redemption_is_a_problem_and_writes_nothing(
    app: MotoApp, ada: str, body: Json
) -> None:
    add(a_reward())
    before = app.items(app.members_table)
    answer = call("redemptions", "POST", f"/v1/members/{ada}/redemptions", body)
    is_problem(answer, 422, "invalid_request")
    assert app.items(app.members_table) == before


def test_a_redemption_takes_two_requests_and_a_repeat_one(app: MotoApp, ada: str) -> None:
    add(a_reward("five", 20, kind="voucher", stock=7, voucher=FIVE_EUROS))
    with counting_requests() as first:
        assert redeem(ada, reward_id="five").status == 201
    assert first.operations == ["BatchGetItem", "TransactWriteItems"]
    with counting_requests() as again:
        assert redeem(ada, reward_id="five").status == 200
    assert again.operations == ["BatchGetItem"]
    with counting_requests() as back:
        assert reverse(ada).status == 200
    assert back.operations == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]


def test_switched_off_is_refused(app: MotoApp, ada: str) -> None:
    add(a_reward())
    update = {"based_on_version": 0, "definition": {"points_enabled": False}}
    assert call("program", "PUT", "/v1/program", update, roles="admin").status == 201
    composition.program_store.cache_clear()
    is_problem(redeem(ada), 409, "switched_off")
