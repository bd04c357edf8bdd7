"""What a member takes along: all that is kept of them, and nothing that they must not know."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.values import iso
from loyalty.domain.journey import start
from loyalty.domain.tastes import Taste, Tastes
from loyalty.services.customers import commit_step
from loyalty.services.decide_task import decide_task
from loyalty.services.export_member import PAGE, export_member
from loyalty.services.ports import MemberChange, MessageClaim
from tests.support.examples import HOLD_OUT, NOW, PROGRAM, an_order
from tests.support.fakes import FakeTaskStore
from tests.support.reward_fakes import FakeVoucherStore
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def ada(shop: Shop) -> str:
    return shop.a_member("ada")


def exported(shop: Shop, member_id: str) -> dict[str, Any]:
    """Return the export as it comes over HTTP."""
    document = export_member(
        member_id,
        store=shop.store,
        vouchers=FakeVoucherStore(),
        tasks=FakeTaskStore(shop.store),
        clock=shop.clock,
    )
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


def decide(shop: Shop) -> None:
    [task_id] = shop.store.tasks
    decide_task(
        task_id,
        "approved",
        comment="she called twice",
        decided_by="grace@retailer.example",
        own_member_id=None,
        kinds=("adjustment_approval",),
        tasks=FakeTaskStore(shop.store),
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def test_who_is_held_out_is_not_told() -> None:
    definition = replace(PROGRAM, variants=(replace(HOLD_OUT, threshold_minor=1),))
    shop = Shop(definition)
    ada = shop.a_member("ada")
    shop.sell(an_order("O-1"), customer(card="ada"))
    step = start(shop.member(ada), definition, NOW)
    assert step is not None
    commit_step(shop.store, shop.member(ada), step)

    document = exported(shop, ada)

    assert [fact["event"] for fact in document["journey"]] == ["ThresholdCrossed", "MemberEnrolled"]
    text = json.dumps(document).lower()
    assert [word for word in ("heldout", "held_out", "hold_out", "variant") if word in text] == []


def test_a_decision_is_told_without_who_made_it_and_what_they_noted(shop: Shop, ada: str) -> None:
    shop.adjust(ada, PROGRAM.adjustment_limit_points + 1)
    decide(shop)

    document = exported(shop, ada)

    [task] = document["tasks"]
    assert task["kind"] == "adjustment_approval"
    assert task["data"]["reason"] == "goodwill"
    assert task["decisions"] == [{"decision": "approved", "decided_at": iso(NOW), "tracking": None}]
    assert document["journey"][0]["event"] == "TaskDecided"
    assert "retailer.example" not in json.dumps(document)
    assert "called twice" not in json.dumps(document)


def test_tasks_that_wait_are_told_too_to_all_whom_they_are_about(shop: Shop, ada: str) -> None:
    eve = shop.enrol(customer(email="eve@example.com")).member.member_id
    shop.sell(an_order("O-1"), customer(card="ada", email="eve@example.com"))
    for own in (ada, eve):
        [task] = exported(shop, own)["tasks"]
        assert (task["kind"], task["state"]) == ("merge", "open")
        assert "member_ids" not in task


def test_after_a_merge_it_is_all_of_both(shop: Shop, ada: str) -> None:
    bob = shop.a_member("bob")
    shop.adjust(bob, PROGRAM.adjustment_limit_points + 1)
    shop.sell(an_order("O-1"), customer(card="bob"))
    shop.take_back(money_back(100))
    shop.merge(ada, bob)
    document = exported(shop, ada)
    assert len(document["tasks"]) == len(document["orders"]) == len(document["returns"]) == 1


def test_messages_say_what_was_sent_when_and_about_what(shop: Shop, ada: str) -> None:
    member = shop.member(ada)
    claim = MessageClaim("invite", ada, "email", "invite", True, "sent", NOW, NOW, "O-1")
    later = replace(claim, message_id="reminder", claimed_at=NOW + timedelta(days=1))
    for message in (claim, later):
        member = replace(member, version=member.version + 1)
        shop.store.commit(MemberChange(member, member.version - 1, message=message))

    messages = exported(shop, ada)["messages"]

    assert [message["message_id"] for message in messages] == ["reminder", "invite"]
    assert messages[1]["sent_at"] == iso(NOW)
    assert messages[1]["about"] == "O-1"


def test_returns_are_there_beside_their_orders(shop: Shop, ada: str) -> None:
    for number in range(PAGE + 1):
        shop.sell(an_order(f"O-{number}"), customer(card="ada"))
    shop.take_back(money_back(100, "R-1"), order_id="O-0")
    shop.take_back(money_back(100, "R-2"), order_id=f"O-{PAGE}")
    document = exported(shop, ada)
    assert len(document["orders"]) == PAGE + 1
    assert {returned["return_id"] for returned in document["returns"]} == {"R-1", "R-2"}
    assert document["returns"][0]["eligible_minor"] == 100


def test_numbers_are_numbers(shop: Shop, ada: str) -> None:
    tastes = Tastes(NOW.date(), (Taste("milk", 0.75, 2),))
    shop.store.members[ada] = replace(shop.member(ada), tastes=tastes)
    assert exported(shop, ada)["profile"]["tastes"] == ["2017-03-15", [["milk", 0.75, 2]], []]
