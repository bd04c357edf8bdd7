"""Points over HTTP, on moto: adjusted, given, earned by actions, held, merged and unmerged."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.contracts.values import iso
from loyalty.domain.program import ActionReward
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.http import Answer, call, is_problem, order
from tests.support.moto_app import MotoApp, change_program


@pytest.fixture
def ada(app: MotoApp) -> str:
    return enrol("ada")


@pytest.fixture
def bob(app: MotoApp) -> str:
    return enrol("bob")


def enrol(card: str) -> str:
    found: str = call("members", "POST", "/v1/members", {"card": card}).body["member_id"]
    return found


def points(
    member_id: str, door: str, body: dict[str, object], *, roles: str = "service", own: str = ""
) -> Answer:
    path = f"/v1/members/{member_id}/{door}"
    resource = "merges" if door.startswith("merges") else "points"
    return call(resource, "POST", path, body, roles=roles, member_id=own)


def adjust(member_id: str, amount: int, adjustment_id: str = "A-1") -> Answer:
    body = {"adjustment_id": adjustment_id, "points": amount, "reason": "goodwill"}
    return points(member_id, "adjustments", body)


def profile(member_id: str) -> dict[str, Any]:
    found: dict[str, Any] = call("members", "GET", f"/v1/members/{member_id}").body
    return found


def available(member_id: str) -> int:
    return int(profile(member_id)["points_available"])


def decide(task_id: str, decision: str, subject: str = "another") -> Answer:
    return call(
        "tasks",
        "POST",
        f"/v1/tasks/{task_id}/decision",
        {"decision": decision, "comment": "looked at it"},
        roles="admin",
        subject=subject,
    )


class TestAdjustments:
    def test_above_the_limit_another_persons_yes_posts_it_once(self, ada: str) -> None:
        awaited = adjust(ada, 1_001)
        assert awaited.status == 202
        task_id = awaited.body["task_id"]
        assert adjust(ada, 1_001).body == awaited.body
        is_problem(decide(task_id, "approved", subject="caller"), 403, "own_request")
        assert available(ada) == 0
        for _ in range(2):
            assert decide(task_id, "approved").status == 200
        assert available(ada) == 1_001
        is_problem(decide(task_id, "rejected"), 409, "task_decided")

    def test_what_is_gone_by_then_cannot_be_taken(self, ada: str) -> None:
        adjust(ada, 1_000)
        task_id = adjust(ada, -1_001, "A-2").body["task_id"]
        is_problem(decide(task_id, "approved"), 409, "insufficient_points")
        assert decide(task_id, "rejected").status == 200
        assert available(ada) == 1_000


class TestTransfers:
    def give(self, ada: str, bob: str, amount: int = 30, **caller: str) -> Answer:
        body = {"transfer_id": "T-1", "to_member_id": bob, "points": amount}
        return points(ada, "transfers", body, **caller)

    def test_a_member_gives_points_to_another_once(self, ada: str, bob: str) -> None:
        adjust(ada, 50)
        with counting_requests() as requests:
            given = self.give(ada, bob, roles="member", own=ada)
        assert requests.operations == ["GetItem", "GetItem", "GetItem", "TransactWriteItems"]
        assert (given.status, given.body["points_available"]) == (201, 20)
        assert self.give(ada, bob).body == given.body
        assert (available(ada), available(bob)) == (20, 30)
        (entry,) = call("members", "GET", f"/v1/members/{bob}/ledger").body["items"]
        assert (entry["kind"], entry["points"]) == ("transfer", 30)
        is_problem(self.give(ada, bob, 31), 409, "transfer_conflict")

    def test_refusals(self, ada: str, bob: str) -> None:
        is_problem(self.give(ada, bob), 409, "insufficient_points")
        is_problem(self.give(ada, ada), 409, "same_member")
        is_problem(self.give(ada, bob, own=bob), 403, "own_account")
        is_problem(self.give(ada, bob, roles="member", own=bob), 403, "forbidden")
        is_problem(self.give(ada, bob, 0), 422, "invalid_request")


class TestActions:
    def test_an_action_counts_once_and_so_often_a_year(self, app: MotoApp, ada: str) -> None:
        change_program(action_rewards=(ActionReward("review", 5, 1),))
        body = {"action_id": "R-1", "action": "review", "occurred_at": iso(NOW)}
        rewarded = points(ada, "actions", body)
        assert (rewarded.status, rewarded.body["points"]) == (201, 5)
        assert points(ada, "actions", body).body == rewarded.body
        is_problem(
            points(ada, "actions", {**body, "action_id": "R-2"}), 409, "action_limit_reached"
        )
        other = {**body, "action_id": "R-3", "action": "selfie"}
        is_problem(points(ada, "actions", other), 409, "action_not_rewarded")
        assert available(ada) == 5

    def test_signing_up_is_rewarded_by_itself(self, app: MotoApp) -> None:
        change_program(action_rewards=(ActionReward("sign_up", 50, 1),))
        assert available(enrol("cyd")) == 50


class TestHolds:
    @pytest.mark.parametrize(("decision", "pending"), [("approved", 20), ("rejected", 10)])
    def test_one_order_too_many_waits_for_a_decision(
        self, app: MotoApp, ada: str, decision: str, pending: int
    ) -> None:
        change_program(earns_per_card_and_day=1)
        for number in (1, 2):
            sold = order(f"O-{number}", customer={"card": "ada"}, occurred_at=iso(NOW))
            assert call("orders", "POST", "/v1/orders", sold).status == 201
        open_tasks = {"kind": "fraud_review", "state": "open"}
        (task,) = call("tasks", "GET", "/v1/tasks", roles="admin", query=open_tasks).body["items"]
        earned = profile(ada)["points_pending"]
        assert decide(task["task_id"], decision).status == 200
        assert profile(ada)["points_pending"] * 20 == earned * pending


class TestMerges:
    def merge(self, ada: str, bob: str, merge_id: str = "M-1", **caller: str) -> Answer:
        return points(ada, "merges", {"merge_id": merge_id, "other_member_id": bob}, **caller)

    def undo(self, ada: str) -> Answer:
        return points(ada, "merges/M-1/undo", {})

    def test_two_become_one_and_two_again(self, ada: str, bob: str) -> None:
        for number, card in enumerate(("ada", "bob")):
            sold = order(f"O-{number}", customer={"card": card}, occurred_at=iso(NOW))
            assert call("orders", "POST", "/v1/orders", sold).status == 201
        adjust(ada, 10)
        adjust(bob, 20)
        before = profile(ada), profile(bob)
        with counting_requests() as requests:
            merged = self.merge(ada, bob)
        assert requests.operations == ["GetItem", "GetItem", "GetItem", "TransactWriteItems"]
        assert (merged.status, merged.body["state"]) == (201, "merged")
        assert self.merge(ada, bob).body == merged.body
        assert profile(bob) == profile(ada)
        assert available(ada) == 30
        lookup = call("members", "POST", "/v1/members/lookups", {"card": "bob"})
        assert lookup.body["member_id"] == ada
        for _ in range(2):
            assert self.undo(ada).body["state"] == "undone"
        assert (profile(ada), profile(bob)) == before
        lookup = call("members", "POST", "/v1/members/lookups", {"card": "bob"})
        assert lookup.body["member_id"] == bob

    def test_the_facts_of_a_merge_are_events(self, app: MotoApp, ada: str, bob: str) -> None:
        self.merge(ada, bob)
        told = [
            item["event"]["S"]
            for item in app.items(app.members_table)
            if item["item_type"]["S"] == "status_change"
        ]
        assert {"MemberMerged", "MemberAbsorbed"} <= set(told)

    def test_refusals(self, ada: str, bob: str) -> None:
        is_problem(self.merge(ada, ada), 409, "same_member")
        is_problem(self.merge(ada, bob, own=bob), 403, "own_account")
        is_problem(self.merge(ada, bob, roles="marketer"), 403, "forbidden")
        is_problem(self.undo(ada), 404, "merge_not_found")
        self.merge(ada, bob)
        is_problem(self.merge(ada, enrol("cyd")), 409, "merge_conflict")
        is_problem(self.merge(bob, ada, "M-2"), 409, "merge_conflict")
