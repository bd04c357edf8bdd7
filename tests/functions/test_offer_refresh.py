"""The weekly refresh of offers over the live tables and the bucket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import elite_journey.curate_offers
import offer_refresh.count_co_purchases
import offer_refresh.export_tastes
import offer_refresh.refresh_offers
import offer_refresh.summarize_offer_refresh
from loyalty.domain.identity import CustomerRef
from loyalty.domain.orders import OrderLine
from loyalty.runtime import composition
from loyalty.services.accept_order import accept_order
from loyalty.services.ports import MEMBER_SHARDS, REFRESH_SHARDS
from loyalty.services.shards import member_shard
from tests.support.counting import counting_requests
from tests.support.examples import NOW, an_order
from tests.support.http import call, is_problem
from tests.support.moto_app import MotoApp, lambda_context
from tests.support.offers import activate, add, an_offer, enrolled, offers_of, open_elite

ALL_SHARDS = range(REFRESH_SHARDS)


def buy(member_id: str, order_id: str, *skus: str) -> None:
    lines = [OrderLine(sku, 1, 100, category="food") for sku in skus]
    order = an_order(order_id, lines=lines, occurred_at=NOW)
    accept_order(order, CustomerRef(member_id, ()), **composition.order_ports())


def on(function: Any, shard: int | None = None) -> dict[str, Any]:
    task = {"refresh_id": "r-1"} | ({} if shard is None else {"shard": shard})
    answer: dict[str, Any] = function.handler(task, lambda_context())
    return answer


def run_refresh() -> dict[str, Any]:
    """Do what the state machine does."""
    for shard in ALL_SHARDS:
        on(offer_refresh.export_tastes, shard)
    on(offer_refresh.count_co_purchases)
    for shard in ALL_SHARDS:
        on(offer_refresh.refresh_offers, shard)
    return on(offer_refresh.summarize_offer_refresh)


@pytest.fixture
def ada(app: MotoApp) -> str:
    """A member of Elite who bought milk twice; there are offers on tea, on milk and on food."""
    open_elite()
    ada = enrolled()
    buy(ada, "O-1", "milk", "bread")
    buy(ada, "O-2", "milk")
    add(an_offer("a-tea", kind="product", percent=None, sku="tea"))
    add(an_offer("b-milk", kind="product", percent=None, sku="milk"))
    add(an_offer("c-food", categories=["food"]))
    return ada


def test_a_member_sees_what_they_like_first_and_why(ada: str) -> None:
    assert run_refresh() | {"refreshed_at": None} == {
        "looked_at": 1,
        "refreshed": 1,
        "failed": [],
        "refreshed_at": None,
    }
    shown = offers_of(ada)
    assert [offer["offer_id"] for offer in shown] == ["b-milk", "c-food", "a-tea"]
    assert shown[0]["reason"] == {
        "kind": "bought_before",
        "subject": "milk",
        "because": None,
        "times": 2,
    }


def test_what_was_activated_stays_when_offers_are_curated_anew(app: MotoApp, ada: str) -> None:
    activate(ada, "a-tea")
    assert on(offer_refresh.refresh_offers, member_shard(ada) % REFRESH_SHARDS)["refreshed"] == 1
    app.set_clock(NOW + timedelta(days=1))
    assert on(offer_refresh.refresh_offers, member_shard(ada) % REFRESH_SHARDS)["refreshed"] == 0
    activated = [offer["offer_id"] for offer in offers_of(ada) if offer["activated_at"]]
    assert activated == ["a-tea"]


def test_who_accepts_has_offers_before_the_first_statistics(ada: str) -> None:
    task = {"member_id": ada, "correlation_id": "c-1"}
    assert elite_journey.curate_offers.handler(task, lambda_context()) == {"curated": True}
    assert elite_journey.curate_offers.handler(task, lambda_context()) == {"curated": False}
    assert [offer["offer_id"] for offer in offers_of(ada)][:2] == ["b-milk", "c-food"]


def test_who_objects_to_profiling_sees_no_reason_of_their_own(ada: str) -> None:
    on(offer_refresh.refresh_offers, member_shard(ada) % REFRESH_SHARDS)
    path = f"/v1/members/{ada}/preferences"
    answer = call("members", "PUT", path, {"profiling": False}, roles="member", member_id=ada)
    assert answer.status == 200, answer.text
    assert answer.body["preferences"]["profiling"] is False
    assert {offer["reason"] is None for offer in offers_of(ada)} == {True}
    on(offer_refresh.refresh_offers, member_shard(ada) % REFRESH_SHARDS)
    assert {offer["reason"]["kind"] for offer in offers_of(ada)} == {"popular"}


def test_a_shard_costs_its_pages_and_its_changes(ada: str) -> None:
    shard = member_shard(ada) % REFRESH_SHARDS
    with counting_requests() as exported:
        on(offer_refresh.export_tastes, shard)
    with counting_requests() as first:
        on(offer_refresh.refresh_offers, shard)
    with counting_requests() as again:
        on(offer_refresh.refresh_offers, shard)
    all_customers = ["Query"] * (MEMBER_SHARDS // REFRESH_SHARDS)
    assert exported.operations == [*all_customers, "BatchGetItem"]
    found = ["Query", "BatchGetItem"]
    assert first.operations == [*found, "Query", "TransactWriteItems", "PutItem"]
    assert again.operations == [*found, "PutItem"]


def test_staff_start_a_refresh(app: MotoApp) -> None:
    is_problem(call("offers", "POST", "/v1/offers/refreshes", roles="pos"), 403, "forbidden")
