"""The sweep of a lowered threshold over the live tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import threshold_sweep.plan_threshold_sweep
import threshold_sweep.summarize_threshold_sweep
import threshold_sweep.sweep_shard
from loyalty.contracts.program import default_definition
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.journey import draw_variant
from loyalty.domain.member import Member
from loyalty.domain.orders import OrderKey
from loyalty.runtime import composition
from loyalty.services.accept_order import accept_order
from loyalty.services.program_ports import SavedProgram
from loyalty.services.shards import member_shard
from tests.support.counting import counting_requests
from tests.support.examples import NOW, an_order
from tests.support.moto_app import MotoApp, lambda_context

HOUR = timedelta(hours=1)


def sell(card: str, amount_minor: int, order_id: str = "") -> str:
    customer = CustomerRef(None, identities(card=card))
    order = an_order(order_id or card, amount_minor, occurred_at=composition.clock().now())
    return str(accept_order(order, customer, **composition.order_ports()).answer["member_id"])


def lower_the_threshold(to_minor: int = 30_000) -> None:
    """Save a version of the program with a lower threshold for everybody."""
    programs = composition.program_store()
    built_in = default_definition()
    lower = replace(
        built_in,
        version=programs.latest_version() + 1,
        effective_from=composition.clock().now(),
        variants=tuple(replace(arm, threshold_minor=to_minor) for arm in built_in.variants),
    )
    programs.save(SavedProgram(lower, saved_by="manager", saved_at=composition.clock().now()))


def plan() -> dict[str, Any]:
    task = {"sweep_id": "s-1"}
    return threshold_sweep.plan_threshold_sweep.handler(task, lambda_context())


def sweep_shard(shard: int) -> dict[str, Any]:
    task = {"sweep_id": "s-1", "shard": shard}
    return threshold_sweep.sweep_shard.handler(task, lambda_context())


def run_sweep() -> dict[str, Any]:
    """Do what the state machine does."""
    planned = plan()
    for shard in planned["shards"]:
        sweep_shard(shard)
    task = {"sweep_id": "s-1", "program_version": planned["program_version"]}
    return threshold_sweep.summarize_threshold_sweep.handler(task, lambda_context())


def member(member_id: str) -> Member:
    found = composition.member_store().member(member_id)
    assert found is not None
    return found


@pytest.fixture
def members(app: MotoApp) -> list[str]:
    """Customers with 300 EUR, 299.99 EUR and 600 EUR, the threshold being 500 EUR until now."""
    members = [sell("1", 30_000), sell("2", 29_999), sell("3", 60_000)]
    lower_the_threshold()
    app.set_clock(NOW + HOUR)
    composition.reset()
    return members


def test_whoever_is_past_the_lowered_threshold_crosses_once(members: list[str]) -> None:
    report = run_sweep()

    assert (report["looked_at"], report["crossed"], report["failed"]) == (3, 1, [])
    past, below, before = map(member, members)
    assert past.threshold_crossed_at == NOW + HOUR
    assert past.crossing_order == OrderKey("pos", "1")
    assert past.variant == draw_variant(default_definition(), past.member_id).name
    assert below.threshold_crossed_at is None
    assert before.threshold_crossed_at == NOW
    assert plan()["shards"] == []

    sweep_shard(member_shard(past.member_id))
    assert member(past.member_id) == past


def test_whoever_could_not_be_swept_is_named_and_stays_owed(
    app: MotoApp, members: list[str]
) -> None:
    order = {"pk": {"S": "ORDER#pos#1"}, "sk": {"S": "ORDER"}}
    table = app.client("dynamodb")
    found = table.get_item(TableName=app.members_table, Key=order)["Item"]
    table.put_item(TableName=app.members_table, Item=found | {"answer": {"S": "not JSON"}})

    assert run_sweep()["failed"] == [members[0]]
    assert len(plan()["shards"]) == 256

    table.put_item(TableName=app.members_table, Item=found)
    assert run_sweep()["failed"] == []
    assert member(members[0]).threshold_crossed_at is not None


def test_a_plan_with_nothing_to_do_takes_two_reads_at_most(members: list[str]) -> None:
    run_sweep()
    composition.reset()

    with counting_requests() as cold:
        plan()
    with counting_requests() as warm:
        plan()

    assert sorted(cold.operations) == ["GetItem", "Query"]
    assert warm.operations == ["GetItem"]


def test_before_a_version_is_saved_nothing_is_planned(app: MotoApp) -> None:
    with counting_requests() as requests:
        assert plan()["shards"] == []

    assert sorted(requests.operations) == ["GetItem", "Query"]


def test_a_shard_costs_its_pages_and_its_crossings(members: list[str]) -> None:
    plan()  # the definition is cached now
    below = members[1]

    with counting_requests() as nobody:
        assert sweep_shard(member_shard(below))["crossed"] == 0
    with counting_requests() as somebody:
        assert sweep_shard(member_shard(members[0]))["crossed"] == 1

    assert nobody.operations == ["Query", "BatchGetItem", "PutItem"]
    assert somebody.operations == [
        *["Query", "BatchGetItem"],
        *["GetItem", "Query", "BatchGetItem", "TransactWriteItems"],
        "PutItem",
    ]
