"""Tasks over HTTP, on moto: who may, what each of them sees, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.tasks import Task, TaskKind, gift_task
from loyalty.runtime import composition
from loyalty.services.ports import MemberChange
from tests.support.elite_journey import MEMBER_ID, store_customer, stored
from tests.support.examples import NOW
from tests.support.http import Answer, call, is_problem
from tests.support.moto_app import MotoApp

DECIDERS: dict[TaskKind, set[str]] = {
    "tier_review": {"manager", "admin"},
    "gift_dispatch": {"warehouse", "admin"},
    "merge": {"service", "manager", "admin"},
    "fraud_review": {"manager", "admin"},
    "adjustment_approval": {"manager", "admin"},
}
STAFF = ("service", "marketer", "manager", "warehouse", "finance", "admin", "privacy", "pos")
ADDRESS = "1 St James's Square\nLondon"


def a_task(kind: TaskKind, number: int = 1) -> Task:
    opened_at = NOW + timedelta(minutes=number)
    task_id = f"{kind}-{number}"
    if kind == "gift_dispatch":
        return gift_task(
            task_id,
            MEMBER_ID,
            sku="gift-box",
            item="Gift box",
            quantity=1,
            opened_at=opened_at,
            cause="upgrade/u-1",
            data={"upgrade_id": "u-1"},
        )
    return Task(task_id, kind, (MEMBER_ID,), opened_at, "order/pos/O-1")


@pytest.fixture(autouse=True)
def tasks(app: MotoApp) -> list[Task]:
    """One task of each kind, and a second gift."""
    opened = [*map(a_task, DECIDERS), a_task("gift_dispatch", 2)]
    member = store_customer(name="Ada Lovelace", address=ADDRESS)
    after = replace(member, version=2)
    composition.member_store().commit(MemberChange(after, 1, tasks=tuple(opened)))
    return opened


def decide(task_id: str, decision: str, role: str = "admin", **fields: object) -> Answer:
    path = f"/v1/tasks/{task_id}/decision"
    return call("tasks", "POST", path, {"decision": decision} | fields, roles=role)


def listed(role: str = "admin", **query: str) -> Answer:
    return call("tasks", "GET", "/v1/tasks", roles=role, query=query)


@pytest.mark.parametrize("kind", DECIDERS)
def test_each_kind_has_its_deciders(kind: TaskKind) -> None:
    word = "packed" if kind == "gift_dispatch" else "rejected"
    statuses = {role: decide(f"{kind}-1", word, role).status for role in STAFF}
    assert {role for role, status in statuses.items() if status != 403} == DECIDERS[kind]
    assert {status for status in statuses.values() if status != 403} == {200}


@pytest.mark.parametrize("kind", DECIDERS)
def test_each_kind_has_its_readers(kind: TaskKind) -> None:
    readers = DECIDERS[kind] | ({"manager"} if kind == "gift_dispatch" else set())
    for role in STAFF:
        read = call("tasks", "GET", f"/v1/tasks/{kind}-1", roles=role)
        assert (read.status == 200) == (role in readers), role
        assert (listed(role, kind=kind).status == 200) == (role in readers), role


def test_a_list_without_a_kind_is_what_one_may_see() -> None:
    kinds = {view["kind"] for view in listed("service").body["items"]}
    assert kinds == {"merge"}
    assert len(listed("admin").body["items"]) == 6


def test_pages_follow_each_other() -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = listed("admin", **query).body
        seen += [view["task_id"] for view in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    is_problem(listed("admin", cursor="%%%"), 422, "cursor_invalid")
    is_problem(listed("admin", kind="unheard"), 422, "invalid_request")


class TestGifts:
    def test_the_warehouse_sees_what_to_send_to_whom_and_no_more(self) -> None:
        view = call("tasks", "GET", "/v1/tasks/gift_dispatch-1", roles="warehouse").body
        assert view["gift"] == {
            "item": "Gift box",
            "quantity": 1,
            "name": "Ada Lovelace",
            "address": ADDRESS,
        }
        hidden = ("member_ids", "cause", "data", "requested_by")
        assert [view[name] for name in hidden] == [None] * 4
        assert listed("warehouse").body["items"][0] == view

    def test_managers_see_whom_it_is_for(self) -> None:
        view = call("tasks", "GET", "/v1/tasks/gift_dispatch-1", roles="manager").body
        assert view["member_ids"] == [MEMBER_ID]

    def test_from_packing_to_coming_back(self) -> None:
        for decision in ("packed", "dispatched", "returned"):
            more = {"tracking": "1Z 999"} if decision == "dispatched" else {}
            answer = decide("gift_dispatch-1", decision, "warehouse", **more)
            assert (answer.status, answer.body["state"]) == (200, decision)
        assert [one["tracking"] for one in answer.body["decisions"]] == [None, "1Z 999", None]
        assert [view["task_id"] for view in listed(state="returned").body["items"]] == [
            "gift_dispatch-1"
        ]


class TestDeciding:
    def test_who_when_and_why_are_kept(self, app: MotoApp) -> None:
        app.set_clock(NOW + timedelta(days=2))
        answer = decide("tier_review-1", "rejected", comment=" bought for resale ")
        assert answer.body["decisions"] == [
            {
                "decision": "rejected",
                "decided_by": "caller",
                "decided_at": "2017-03-17T12:00:00Z",
                "comment": "bought for resale",
                "tracking": None,
            }
        ]
        facts, _ = composition.member_store().status_changes(MEMBER_ID, limit=1)
        assert (facts[0].event, facts[0].data["decision"]) == ("TaskDecided", "rejected")
        assert stored().version == 3

    def test_once(self) -> None:
        first = decide("tier_review-1", "approved", comment="good")
        again = decide("tier_review-1", "approved", comment="very good")
        assert (again.status, again.text) == (200, first.text)
        is_problem(decide("tier_review-1", "rejected"), 409, "task_decided")
        assert stored().version == 3

    def test_not_for_oneself(self) -> None:
        answer = call(
            "tasks",
            "POST",
            "/v1/tasks/tier_review-1/decision",
            {"decision": "approved"},
            roles="manager",
            member_id=MEMBER_ID,
        )
        is_problem(answer, 403, "own_account")

    @pytest.mark.parametrize(
        ("task_id", "decision", "status", "code"),
        [
            ("no-such-task", "approved", 404, "task_not_found"),
            ("tier_review-1", "dispatched", 422, "decision_invalid"),
            ("gift_dispatch-1", "approved", 422, "decision_invalid"),
            ("gift_dispatch-1", "returned", 422, "decision_invalid"),
            ("tier_review-1", "withdrawn", 422, "invalid_request"),
            ("tier_review-1", "open", 422, "invalid_request"),
        ],
    )
    def test_what_cannot_be(self, task_id: str, decision: str, status: int, code: str) -> None:
        is_problem(decide(task_id, decision), status, code)
        assert stored().version == 2

    @pytest.mark.parametrize("tracking", ["", "line\nbreak", "x" * 101, 1])
    def test_a_tracking_number_is_one_line(self, tracking: object) -> None:
        answer = decide("gift_dispatch-1", "dispatched", tracking=tracking)
        is_problem(answer, 422, "invalid_request")


class TestProfiles:
    def change(self, body: object, **caller: str) -> Answer:
        return call("members", "PATCH", f"/v1/members/{MEMBER_ID}", body, **caller)

    def test_what_is_absent_stays_and_null_takes_away(self) -> None:
        assert self.change({"name": "Ada King"}, roles="service").status == 200
        assert (stored().name, stored().address) == ("Ada King", ADDRESS)
        self.change({"address": None}, roles="member", member_id=MEMBER_ID)
        assert (stored().name, stored().address) == ("Ada King", None)

    def test_others_may_not(self) -> None:
        answer = self.change({"name": "Eve"}, roles="member", member_id="another")
        is_problem(answer, 403, "forbidden")

    @pytest.mark.parametrize(
        "body", [{"address": "<script>"}, {"address": "a\rb"}, {"email": "a@b.c"}, {"name": ""}]
    )
    def test_what_is_no_name_or_address(self, body: object) -> None:
        is_problem(self.change(body, roles="service"), 422, "invalid_request")
        assert stored().address == ADDRESS
