"""The offers of a member by HTTP: seen, activated, gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.contracts.values import iso
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.http import call, is_problem
from tests.support.moto_app import MotoApp
from tests.support.offers import (
    activate,
    add,
    an_offer,
    enrolled,
    offers_of,
    open_elite,
    use,
)


@pytest.fixture
def ada(app: MotoApp) -> str:
    """A member of Elite."""
    open_elite()
    return enrolled()


def test_a_member_sees_what_is_for_them_now(app: MotoApp, ada: str) -> None:
    add(an_offer())
    add(an_offer("gold", tiers=["gold"]))
    add(an_offer("new", segments=["new", "lapsed"]))
    add(an_offer("soon", valid_from=iso(NOW + timedelta(days=1))))
    assert [item["offer_id"] for item in offers_of(ada)] == ["coffee", "new"]
    shown = offers_of(ada)[0]
    assert (shown["reason"], shown["activated_at"], shown["uses"]) == (None, None, 0)
    assert "budget" not in shown
    app.set_clock(NOW + timedelta(days=30))
    assert offers_of(ada) == []
    is_problem(call("offers", "GET", "/v1/members/m-nobody/offers"), 404, "member_not_found")


def test_one_tap_activates(app: MotoApp, ada: str) -> None:
    add(an_offer(per_member_limit=1))
    add(an_offer("apple"))
    first = activate(ada)
    assert first.status == 200, first.text
    assert first.body["activated_at"] == iso(NOW)
    app.set_clock(NOW + timedelta(hours=1))
    assert activate(ada).body == first.body
    assert [item["offer_id"] for item in offers_of(ada)] == ["coffee", "apple"]
    assert activate(ada, method="DELETE").body["activated_at"] is None
    assert activate(ada, method="DELETE").status == 200
    assert [item["offer_id"] for item in offers_of(ada)] == ["apple", "coffee"]
    use(ada)
    is_problem(activate(ada), 409, "offer_limit_reached")
    assert [(item["offer_id"], item["uses_left"]) for item in offers_of(ada)] == [
        ("coffee", 0),
        ("apple", None),
    ]
    is_problem(activate(ada, "none"), 404, "offer_not_found")
    is_problem(activate(ada, "none", "DELETE"), 404, "offer_not_found")
    app.set_clock(NOW + timedelta(days=5))
    is_problem(activate(ada, "apple"), 409, "offer_expired")


def test_what_is_activated_stays_the_members(app: MotoApp, ada: str) -> None:
    add(an_offer(segments=["new"], expires_at=iso(NOW + timedelta(days=90))))
    assert activate(ada).status == 200
    bob = enrolled("bob@example.com")
    later = NOW + timedelta(days=30)
    app.set_clock(later)
    assert offers_of(bob) == []
    is_problem(use(bob, occurred_at=iso(later)), 409, "offer_not_for_member")
    assert [item["offer_id"] for item in offers_of(ada)] == ["coffee"]
    assert use(ada, occurred_at=iso(later)).status == 201


def test_the_offers_of_a_member_are_paged(ada: str) -> None:
    for name in ("a", "b", "c"):
        add(an_offer(name))
    path = f"/v1/members/{ada}/offers"
    page = call("offers", "GET", path, query={"limit": "2"}).body
    assert ([item["offer_id"] for item in page["items"]], page["next_cursor"]) == (["a", "b"], "b")
    rest = call("offers", "GET", path, query={"cursor": "b"}).body
    assert ([item["offer_id"] for item in rest["items"]], rest["next_cursor"]) == (["c"], None)
    is_problem(call("offers", "GET", path, query={"cursor": "z"}), 422, "cursor_invalid")


def test_reading_the_offers_takes_one_request(ada: str) -> None:
    add(an_offer())
    offers_of(ada)
    with counting_requests() as requests:
        offers_of(ada)
    assert requests.operations == ["GetItem"]
