"""A member's vouchers by HTTP: their own, and those of who was merged into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.functions.test_vouchers import a_member, a_voucher, issue
from tests.support.examples import NOW
from tests.support.http import call, is_problem
from tests.support.moto_app import MotoApp

Json = dict[str, Any]


def test_a_member_sees_their_own_vouchers_newest_first(app: MotoApp) -> None:
    ada = a_member()
    for number in range(3):
        app.set_clock(NOW + timedelta(minutes=number))
        issue(a_voucher(f"V-{number}", member_id=ada))
    issue(a_voucher("V-9"))

    def page(**query: str) -> Json:
        path = f"/v1/members/{ada}/vouchers"
        answer = call("redemptions", "GET", path, roles="member", member_id=ada, query=query)
        assert answer.status == 200, answer.text
        found: Json = answer.body
        return found

    first = page(limit="2")
    assert [item["voucher_id"] for item in first["items"]] == ["V-2", "V-1"]
    rest = page(limit="2", cursor=first["next_cursor"])
    assert [item["voucher_id"] for item in rest["items"]] == ["V-0"]
    assert rest["next_cursor"] is None
    nobody = call("redemptions", "GET", "/v1/members/m-nobody/vouchers")
    is_problem(nobody, 404, "member_not_found")


def test_who_was_merged_sees_the_vouchers_of_both_until_that_is_undone(app: MotoApp) -> None:
    ada, bob, cyd = (a_member(f"{name}@example.com") for name in ("ada", "bob", "cyd"))
    for number, member_id in enumerate((ada, bob, cyd, ada)):
        app.set_clock(NOW + timedelta(minutes=number))
        issue(a_voucher(f"V-{number}", member_id=member_id))

    def listed(member_id: str) -> list[str]:
        answer = call("redemptions", "GET", f"/v1/members/{member_id}/vouchers")
        assert answer.status == 200, answer.text
        return [item["voucher_id"] for item in answer.body["items"]]

    def merge(survivor: str, other: str, merge_id: str) -> None:
        body = {"merge_id": merge_id, "other_member_id": other}
        answer = call("merges", "POST", f"/v1/members/{survivor}/merges", body, roles="manager")
        assert answer.status == 201, answer.text

    merge(bob, cyd, "M-1")
    merge(ada, bob, "M-2")
    assert [listed(one) for one in (ada, bob, cyd)] == [["V-3", "V-2", "V-1", "V-0"]] * 3
    undo = call("merges", "POST", f"/v1/members/{ada}/merges/M-2/undo", roles="manager")
    assert undo.status == 200, undo.text
    assert [listed(one) for one in (ada, bob)] == [["V-3", "V-0"], ["V-2", "V-1"]]
