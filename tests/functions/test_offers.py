"""Offers by HTTP: kept by staff, used once, within their limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.contracts.values import iso
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.http import call, is_problem
from tests.support.moto_app import MotoApp
from tests.support.offers import (
    BONUS,
    FIVE_EUROS,
    Json,
    add,
    an_offer,
    change,
    enrolled,
    facts,
    offer,
    offers_of,
    open_elite,
    profile,
    retire,
    reverse,
    use,
)


@pytest.fixture
def ada(app: MotoApp) -> str:
    """A member of Elite."""
    open_elite()
    return enrolled()


# ── The catalogue ─────────────────────────────────────────────────────────────────────────────────


def test_staff_keep_the_catalogue(app: MotoApp) -> None:
    asked = an_offer(
        tiers=["silver"], segments=["new"], stores=["S1"], budget=5, per_member_limit=2
    )
    added = add(asked)
    assert added.status == 201, added.text
    assert added.body == asked | {
        "revision": 1,
        "amount": None,
        "sku": None,
        "points": None,
        "categories": [],
        "uses": 0,
        "retired_at": None,
    }
    assert add(asked).status == 200
    is_problem(add(asked | {"name": "Tea"}), 409, "offer_conflict")
    changed = change({"name": "Tea", "budget": None, "segments": []})
    assert (changed.body["revision"], changed.body["name"], changed.body["budget"]) == (
        2,
        "Tea",
        None,
    )
    assert change({"name": "Tea"}).body["revision"] == 2
    assert offer() == changed.body
    retired = retire()
    assert (retired.body["revision"], retired.body["retired_at"]) == (3, iso(NOW))
    assert retire().body == retired.body
    is_problem(change({"name": "Tee"}), 404, "offer_not_found")
    is_problem(retire("tea"), 404, "offer_not_found")
    is_problem(call("offers", "GET", "/v1/offers/tea"), 404, "offer_not_found")


def test_an_offer_that_is_over_may_be_told_of_again(app: MotoApp, ada: str) -> None:
    asked = an_offer(budget=5)
    add(asked)
    use(ada)
    over = retire()
    again = add(asked)
    assert (again.status, again.body) == (200, over.body)
    is_problem(add(asked | {"budget": 6}), 409, "offer_conflict")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "amount"},
        {"percent": None},
        {"sku": "milk"},
        {"kind": "access"},
        {"tiers": ["diamond"]},
        {"valid_from": iso(NOW), "expires_at": iso(NOW)},
        FIVE_EUROS | {"percent": None, "amount": {"amount_minor": 0, "currency": "EUR"}},
        FIVE_EUROS | {"percent": None, "amount": {"amount_minor": 500, "currency": "USD"}},
    ],
)
def test_an_offer_that_contradicts_itself_is_refused(app: MotoApp, wrong: Json) -> None:
    is_problem(add(an_offer(**wrong)), 422, "offer_invalid")


@pytest.mark.parametrize("kind", [FIVE_EUROS, BONUS, {"kind": "product", "sku": "milk"}])
def test_every_kind_of_offer(app: MotoApp, kind: Json) -> None:
    asked = an_offer(percent=None) | kind
    answer = add(asked)
    assert answer.status == 201, answer.text
    assert {name: answer.body[name] for name in kind} == kind
    is_problem(change({"valid_from": iso(NOW + timedelta(days=5))}), 422, "offer_invalid")
    is_problem(change({"percent": 5}), 422, "offer_invalid")
    is_problem(change({"expires_at": None}), 422, "invalid_request")
    is_problem(add(an_offer("tea", segments=["rich"])), 422, "invalid_request")


def test_the_catalogue_is_paged_by_id(app: MotoApp) -> None:
    for name in ("b", "a", "c"):
        add(an_offer(name))
    first = call("offers", "GET", "/v1/offers", query={"limit": "2"}, roles="marketer").body
    assert [item["offer_id"] for item in first["items"]] == ["a", "b"]
    rest = call("offers", "GET", "/v1/offers", query={"cursor": first["next_cursor"]}).body
    assert ([item["offer_id"] for item in rest["items"]], rest["next_cursor"]) == (["c"], None)
    wrong = call("offers", "GET", "/v1/offers", query={"cursor": "UkVXQVJE"})
    is_problem(wrong, 422, "cursor_invalid")


def test_who_may_do_what(ada: str) -> None:
    for role in ("pos", "service", "member"):
        is_problem(add(an_offer(), roles=role), 403, "forbidden")
    add(an_offer())
    is_problem(change({"name": "Tea"}, roles="pos"), 403, "forbidden")
    is_problem(call("offers", "GET", "/v1/offers", roles="member"), 403, "forbidden")
    is_problem(use(ada, by="marketer"), 403, "forbidden")
    bob = enrolled("bob@example.com")
    for method, path in (
        ("GET", f"/v1/members/{bob}/offers"),
        ("POST", f"/v1/members/{bob}/offers/coffee/activation"),
        ("DELETE", f"/v1/members/{bob}/offers/coffee/activation"),
    ):
        answer = call("offers", method, path, roles="member", member_id=ada)
        is_problem(answer, 403, "forbidden")


# ── Using an offer ────────────────────────────────────────────────────────────────────────────────


def test_an_offer_is_used_once_per_id(ada: str) -> None:
    add(an_offer(budget=5, per_member_limit=2))
    first = use(ada, order_id="O-1")
    assert first.status == 201, first.text
    assert first.body == {
        "use_id": "U-1",
        "offer_id": "coffee",
        "member_id": ada,
        "status": "active",
        "uses": 1,
        "uses_left": 1,
        "points": 0,
        "points_pending": 0,
        "points_available": 0,
    }
    again = use(ada, order_id="O-1")
    assert (again.status, again.body) == (200, first.body)
    is_problem(use(ada, order_id="O-2"), 409, "offer_use_conflict")
    is_problem(use(enrolled("bob@example.com"), order_id="O-1"), 409, "offer_use_conflict")
    assert offer()["uses"] == 1
    assert use(ada, "U-2").body["uses_left"] == 0
    is_problem(use(ada, "U-3"), 409, "offer_limit_reached")
    [used, *_] = facts(ada)
    assert (used["event"], used["data"]) == (
        "OfferUsed",
        {
            "offer_id": "coffee",
            "use_id": "U-2",
            "order_id": None,
            "month": "2017-03",
            "points": 0,
            "is_distinct": True,
        },
    )


def test_a_budget_is_for_all_members_together(ada: str) -> None:
    add(an_offer(budget=1))
    assert use(ada).status == 201
    bob = enrolled("bob@example.com")
    is_problem(use(bob, "U-2"), 409, "offer_used_up")
    assert offers_of(bob) == []
    change({"budget": 2})
    assert use(bob, "U-2").status == 201
    assert offer()["uses"] == 2


def test_an_offer_without_a_budget_is_not_written_by_its_uses(ada: str) -> None:
    add(an_offer())
    with counting_requests() as requests:
        assert use(ada).status == 201
    assert requests.operations == ["BatchGetItem", "TransactWriteItems"]
    assert offer()["uses"] == 0


def test_what_the_rules_refuse(app: MotoApp, ada: str) -> None:
    add(an_offer(stores=["S1"], tiers=["silver"]))
    is_problem(use(ada), 409, "offer_not_in_store")
    is_problem(use(ada, store_id="S2"), 409, "offer_not_in_store")
    assert use(ada, store_id="S1").status == 201
    add(an_offer("gold", tiers=["gold"]))
    is_problem(use(ada, "U-1", "gold"), 409, "offer_not_for_member")
    add(an_offer("top", segments=["top"]))
    is_problem(use(ada, "U-1", "top"), 409, "offer_not_for_member")
    add(an_offer("soon", valid_from=iso(NOW + timedelta(seconds=1))))
    is_problem(use(ada, "U-1", "soon"), 409, "offer_not_yet_valid")
    add(an_offer("over", expires_at=iso(NOW)))
    is_problem(use(ada, "U-1", "over"), 409, "offer_expired")
    is_problem(use(ada, "U-1", "none"), 404, "offer_not_found")
    is_problem(use("m-nobody", "U-9"), 404, "member_not_found")
    is_problem(use(ada, "U-9", occurred_at=iso(NOW + timedelta(hours=1))), 422, "future_date")
    retire()
    is_problem(use(ada, "U-9", store_id="S1"), 409, "offer_expired")


def test_a_late_use_counts_while_the_offer_was_there(app: MotoApp, ada: str) -> None:
    add(an_offer())
    app.set_clock(NOW + timedelta(days=40))
    retire()
    late = NOW + timedelta(days=5)
    is_problem(use(ada, occurred_at=iso(late)), 409, "offer_expired")
    assert use(ada, occurred_at=iso(late - timedelta(seconds=1))).status == 201
    assert facts(ada)[0]["data"]["month"] == "2017-03"


def test_bonus_points_wait_like_those_of_an_order(app: MotoApp, ada: str) -> None:
    add(an_offer(percent=None, **BONUS))
    answer = use(ada)
    assert answer.status == 201, answer.text
    assert (answer.body["points"], answer.body["points_pending"]) == (50, 50)
    assert answer.body["points_available"] == 0
    [entry] = call("members", "GET", f"/v1/members/{ada}/ledger").body["items"]
    assert (entry["kind"], entry["points"], entry["reason"]) == ("accrual", 50, "offer coffee")
    assert use(ada).status == 200
    assert profile(ada)["points_pending"] == 50


def test_a_reversal_takes_everything_back_once(ada: str) -> None:
    add(an_offer(percent=None, budget=1, per_member_limit=1, **BONUS))
    use(ada, order_id="O-1")
    answer = reverse()
    assert answer.status == 200, answer.text
    assert answer.body == {
        "use_id": "U-1",
        "offer_id": "coffee",
        "state": "reversed",
        "points": 50,
        "points_pending": 0,
        "points_available": 0,
    }
    assert reverse().body == answer.body
    assert (offer()["uses"], profile(ada)["points_pending"]) == (0, 0)
    assert offers_of(ada)[0]["uses"] == 0
    assert use(ada, order_id="O-1").status == 200  # the id is used up
    assert use(ada, "U-2", order_id="O-1").status == 201
    assert [fact["event"] for fact in facts(ada)[:3]] == [
        "OfferUsed",
        "OfferUseReversed",
        "OfferUsed",
    ]
    assert facts(ada)[0]["data"]["is_distinct"]
    is_problem(reverse("U-9"), 404, "offer_use_not_found")
    is_problem(reverse("U-2", by=ada), 403, "own_account")


def test_members_use_early_access_only_and_staff_nothing_for_themselves(ada: str) -> None:
    add(an_offer())
    add(an_offer("first", kind="access", percent=None))
    is_problem(use(ada, by="member"), 409, "offer_needs_till")
    assert use(ada, "U-1", "first", by="member").status == 201
    body = {"use_id": "U-2", "member_id": ada, "occurred_at": iso(NOW)}
    path = "/v1/offers/coffee/uses"
    own = call("offers", "POST", path, body, roles="service", member_id=ada)
    is_problem(own, 403, "own_account")


def test_members_say_neither_when_nor_with_which_order_they_used_something(
    app: MotoApp, ada: str
) -> None:
    add(an_offer("first", kind="access", percent=None))
    app.set_clock(NOW + timedelta(days=1))
    is_problem(use(ada, "U-1", "first", by="member", order_id="O-1"), 409, "order_needs_till")
    for number in (1, 2, 3):
        last_month = iso(NOW - timedelta(days=20))
        answer = use(ada, f"U-{number}", "first", by="member", occurred_at=last_month)
        assert answer.status == 201, answer.text
    used = facts(ada)[:3]
    assert {fact["occurred_at"] for fact in used} == {iso(NOW + timedelta(days=1))}
    assert [fact["data"]["is_distinct"] for fact in used] == [False, False, True]


def test_what_is_taken_back_after_a_merge_no_undo_gives_back(ada: str) -> None:
    add(an_offer(percent=None, **BONUS))
    bob = enrolled("bob@example.com")
    use(ada, "U-0", order_id="O-0")
    use(bob, "U-1", order_id="O-1")
    use(bob, "U-2", order_id="O-2")
    body = {"merge_id": "M-1", "other_member_id": bob}
    merges = f"/v1/members/{ada}/merges"
    assert call("merges", "POST", merges, body, roles="manager").status == 201
    is_problem(use(bob, "U-3", by="service", own=ada), 403, "own_account")
    with counting_requests() as requests:
        assert reverse("U-1").body["points_pending"] == 100
    assert requests.operations == [
        "GetItem",
        "BatchGetItem",
        "GetItem",
        "GetItem",
        "TransactWriteItems",
    ]
    assert call("merges", "POST", f"{merges}/M-1/undo", roles="manager").status == 200
    assert [profile(one)["points_pending"] for one in (ada, bob)] == [50, 50]
    assert [offers_of(one)[0]["uses"] for one in (ada, bob)] == [1, 1]
