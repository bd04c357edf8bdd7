"""A crash at any call of DynamoDB that moves points: a retry ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import queues.due_points
from loyalty.contracts.values import iso
from loyalty.domain.program import ActionReward
from loyalty.services.shards import due_shard
from tests.support.aws_crashes import crashing, everything_stored, restore
from tests.support.crashes import Crash, Fuse
from tests.support.examples import NOW
from tests.support.http import call, order
from tests.support.moto_app import MotoApp, change_program, lambda_context

Act = Callable[[], object]


def done(resource: str, path: str, body: object = None, **caller: str) -> Any:
    answer = call(resource, "POST", path, body, **({"roles": "admin"} | caller))
    assert answer.status in (200, 201, 202), answer.text
    return answer.body


def enrol(card: str) -> str:
    return str(done("members", "/v1/members", {"card": card})["member_id"])


def buy(order_id: str = "O-1", card: str = "ada") -> Any:
    body = order(order_id, customer={"card": card}, occurred_at=iso(NOW))
    return done("orders", "/v1/orders", body, roles="pos")


def take_back(order_id: str = "O-1") -> Any:
    money = {"amount_minor": 5_000, "currency": "EUR"}
    body = {"return_id": "R-1", "occurred_at": iso(NOW), "amount": money}
    return done("orders", f"/v1/orders/pos/{order_id}/returns", body, roles="pos")


def adjust(member_id: str, points: int = 50) -> Any:
    body = {"adjustment_id": f"A-{points}", "points": points, "reason": "goodwill"}
    return done("points", f"/v1/members/{member_id}/adjustments", body)


def merge(survivor: str, other: str) -> Any:
    body = {"merge_id": "M-1", "other_member_id": other}
    return done("merges", f"/v1/members/{survivor}/merges", body)


def decide(task_id: str, decision: str) -> Any:
    body = {"decision": decision, "comment": "looked at it"}
    return done("tasks", f"/v1/tasks/{task_id}/decision", body, subject="another")


def two_members() -> tuple[str, str]:
    """Ada and bob have points to spend, and some pending."""
    ada, bob = enrol("ada"), enrol("bob")
    for number, (card, member_id) in enumerate((("ada", ada), ("bob", bob))):
        buy(f"O-{number}", card)
        adjust(member_id)
    return ada, bob


# ── The use cases: each prepares, and returns what a caller repeats until it is answered ──────────


def adjusting(app: MotoApp) -> Act:
    ada = enrol("ada")
    return lambda: adjust(ada)


def asking_for_approval(app: MotoApp) -> Act:
    ada = enrol("ada")
    return lambda: adjust(ada, 1_001)


def approving_an_adjustment(app: MotoApp) -> Act:
    task_id = adjust(enrol("ada"), 1_001)["task_id"]
    return lambda: decide(task_id, "approved")


def giving(app: MotoApp) -> Act:
    ada, bob = two_members()
    body = {"transfer_id": "T-1", "to_member_id": bob, "points": 30}
    return lambda: done("points", f"/v1/members/{ada}/transfers", body)


def rewarding(app: MotoApp) -> Act:
    change_program(action_rewards=(ActionReward("review", 5, 1),))
    ada = enrol("ada")
    body = {"action_id": "V-1", "action": "review", "occurred_at": iso(NOW)}
    return lambda: done("points", f"/v1/members/{ada}/actions", body)


def holding(app: MotoApp) -> Act:
    change_program(earns_per_card_and_day=1)
    enrol("ada")
    buy("O-1")
    return lambda: buy("O-2")


def rejecting_what_is_held(app: MotoApp) -> Act:
    holding(app)()
    (task,) = (item for item in app.items(app.program_table) if item["item_type"]["S"] == "task")
    task_id = task["task_id"]["S"]
    return lambda: decide(task_id, "rejected")


def merging(app: MotoApp) -> Act:
    ada, bob = two_members()
    return lambda: merge(ada, bob)


def undoing_a_merge(app: MotoApp) -> Act:
    ada, bob = two_members()
    merge(ada, bob)
    return lambda: done("merges", f"/v1/members/{ada}/merges/M-1/undo")


def returning_after_a_merge(app: MotoApp) -> Act:
    ada, bob = two_members()
    merge(ada, bob)
    return take_back


def due(app: MotoApp, kind: str, after_days: int) -> Act:
    ada, _ = two_members()
    at = NOW + timedelta(days=after_days)
    app.set_clock(at)
    body = f'{{"kind": "{kind}", "shard": {due_shard(ada)}, "until": "{iso(at)}"}}'
    event = {"Records": [{"messageId": "1", "body": body, "eventSource": "aws:sqs"}]}

    def work() -> object:
        answer = queues.due_points.handler(event, lambda_context())
        assert answer == {"batchItemFailures": []}
        return answer

    return work


def releasing(app: MotoApp) -> Act:
    return due(app, "release", 30)


def expiring(app: MotoApp) -> Act:
    return due(app, "expiry", 500)


USE_CASES = [
    adjusting,
    asking_for_approval,
    approving_an_adjustment,
    giving,
    rewarding,
    holding,
    rejecting_what_is_held,
    merging,
    undoing_a_merge,
    returning_after_a_merge,
    releasing,
    expiring,
]


@pytest.mark.parametrize("prepare", USE_CASES, ids=lambda prepare: prepare.__name__)
def test_a_retry_after_a_crash_ends_as_if_nothing_had_been(
    app: MotoApp, prepare: Callable[[MotoApp], Act]
) -> None:
    act, fuse = prepare(app), Fuse()
    before = everything_stored(app)
    act()  # the program's definition is cached from here on
    restore(app, before)
    with crashing(fuse):
        answer = act()
    expected, places = everything_stored(app), fuse.burnt
    assert expected != before, "it writes something"
    for place in range(places):
        restore(app, before)
        fuse.left = place
        with crashing(fuse), pytest.raises(Crash):
            act()
        assert act() == answer
        assert everything_stored(app) == expected, f"after a crash at {place} of {places}"
