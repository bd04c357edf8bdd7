"""Offers of orders: from the door of the order to the queue's worker, and back with the goods."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

import queues.offer_uses
import schedules.retire_offers
from loyalty.contracts.facts import event_of
from loyalty.contracts.values import iso
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey
from loyalty.runtime import composition
from loyalty.services import retrying
from loyalty.services.ports import ChangeRefused
from tests.support.examples import NOW
from tests.support.http import call, is_problem, order
from tests.support.moto_app import MotoApp, lambda_context
from tests.support.offers import (
    BONUS,
    add,
    an_offer,
    enrolled,
    facts,
    offer,
    open_elite,
    profile,
    reverse,
    use,
)


@pytest.fixture
def ada(app: MotoApp) -> str:
    """A member of Elite."""
    open_elite()
    return enrolled()


def buy(order_id: str = "O-1", **more: object) -> None:
    bought = order(order_id, **{"occurred_at": iso(NOW), **more})  # type: ignore[arg-type]
    assert call("orders", "POST", "/v1/orders", bought).status == 201


def bring_back(order_id: str = "O-1", return_id: str = "R-1", **goods: object) -> None:
    body = {"return_id": return_id, "occurred_at": iso(NOW), **goods}
    assert call("orders", "POST", f"/v1/orders/pos/{order_id}/returns", body).status == 201


def message(number: int, fact: AcceptedOrder | AcceptedReturn) -> dict[str, Any]:
    """Return a fact as the queue delivers the event that it publishes."""
    event = event_of(fact, f"event-{number}")
    envelope = {
        "source": event.source,
        "detail-type": type(event).__name__,
        "detail": event.model_dump(mode="json"),
    }
    return {
        "messageId": str(number),
        "receiptHandle": str(number),
        "body": json.dumps(envelope),
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:offer-uses",
        "awsRegion": "eu-central-1",
    }


def work_on(*found: AcceptedOrder | AcceptedReturn) -> list[str]:
    """Hand facts to the worker; return the ids of the messages to be received again."""
    batch = {"Records": [message(number, fact) for number, fact in enumerate(found)]}
    answer = queues.offer_uses.handler(batch, lambda_context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def accepted(order_id: str = "O-1") -> AcceptedOrder:
    found = composition.member_store().order_context(OrderKey("pos", order_id)).order
    assert found is not None
    return found


def returned(order_id: str = "O-1", return_id: str = "R-1") -> AcceptedReturn:
    key = OrderKey("pos", order_id)
    found = composition.member_store().order_context(key, return_id=return_id).accepted_return
    assert found is not None
    return found


def test_offers_of_an_order_are_used_once_it_is_accepted(ada: str) -> None:
    add(an_offer(percent=None, stores=["S1"], budget=5, **BONUS))
    add(an_offer("gold", tiers=["gold"]))
    buy(offer_ids=["coffee", "gold", "coffee"], voucher_codes=["ABC"], store_id="S1")
    kept = accepted()
    assert (kept.offer_ids, kept.voucher_codes) == (("coffee", "gold"), ("ABC",))
    assert work_on(kept, kept) == []
    assert (offer()["uses"], profile(ada)["points_pending"]) == (1, 10 + 50)
    assert [fact["event"] for fact in facts(ada)[:2]] == ["OfferUseRefused", "OfferUsed"]
    assert facts(ada)[0]["data"]["reason"] == "offer_not_for_member"
    assert facts(ada)[1]["data"]["order_id"] == "O-1"


def test_no_event_tells_a_voucher_s_code(ada: str) -> None:
    buy(voucher_codes=["ABC"])
    assert "ABC" not in message(1, accepted())["body"]


def test_an_order_of_nobody_uses_nothing(ada: str) -> None:
    add(an_offer())
    buy(offer_ids=["coffee"], customer={})
    assert work_on(accepted()) == []
    assert [fact["event"] for fact in facts(ada)] == ["MemberEnrolled"]


def test_uses_go_back_with_the_last_of_the_goods(ada: str) -> None:
    add(an_offer(budget=5))
    lines = [
        {"sku": "milk", "quantity": 1, "amount_minor": 600},
        {"sku": "tea", "quantity": 1, "amount_minor": 400},
    ]
    buy(amount_minor=1_000, lines=lines, offer_ids=["coffee"])
    work_on(accepted())
    bring_back(lines=[{"sku": "milk", "quantity": 1}])
    assert returned().offer_ids == ()
    assert work_on(returned()) == []
    assert offer()["uses"] == 1
    bring_back(return_id="R-2", lines=[{"sku": "tea", "quantity": 1}])
    assert returned(return_id="R-2").offer_ids == ("coffee",)
    assert work_on(returned(return_id="R-2"), accepted()) == []
    assert offer()["uses"] == 0
    assert facts(ada)[0]["event"] == "OfferUseReversed"


def test_money_that_comes_back_as_a_whole_takes_uses_back_too(ada: str) -> None:
    add(an_offer(budget=5))
    buy(offer_ids=["coffee"])
    work_on(accepted())
    bring_back(amount={"amount_minor": 10_000, "currency": "EUR"})
    work_on(returned())
    assert offer()["uses"] == 0


def test_the_bonus_of_a_held_order_waits_for_staff(ada: str) -> None:
    add(an_offer(percent=None, **BONUS))
    shown = {"member_id": ada, "card": "4711"}
    for number in (1, 2, 3):
        buy(f"O-{number}", customer=shown)
    buy("O-4", customer=shown, offer_ids=["coffee"])
    assert work_on(accepted("O-4")) == []
    assert profile(ada)["points_pending"] == 4 * 10 + 50
    query = {"kind": "fraud_review", "state": "open"}
    [task] = call("tasks", "GET", "/v1/tasks", query=query, roles="manager").body["items"]
    path = f"/v1/tasks/{task['task_id']}/decision"
    decided = call("tasks", "POST", path, {"decision": "rejected"}, roles="manager")
    assert decided.status == 200, decided.text
    assert profile(ada)["points_pending"] == 3 * 10


def test_a_till_and_an_order_tell_of_one_use_and_goods_take_it_back(ada: str) -> None:
    add(an_offer(percent=None, budget=5, **BONUS))
    add(an_offer("tea", percent=None, budget=5, **BONUS))
    assert use(ada, order_id="O-1").status == 201
    buy(offer_ids=["coffee", "tea"])
    assert work_on(accepted()) == []
    told = use(ada, "U-1", "tea", order_id="O-1")
    assert (told.status, told.body["points"]) == (200, 0)
    assert (offer()["uses"], offer("tea")["uses"]) == (1, 1)
    assert profile(ada)["points_pending"] == 10 + 50 + 50
    bring_back(amount={"amount_minor": 10_000, "currency": "EUR"})
    assert work_on(returned(), returned()) == []
    assert (offer()["uses"], offer("tea")["uses"], profile(ada)["points_pending"]) == (0, 0, 0)
    assert reverse("U-1", "tea").body["use_id"] == "U-1"
    late = use(ada, "U-2", "tea", order_id="O-1")
    assert (late.status, offer("tea")["uses"]) == (200, 0)


def test_a_return_before_its_order_leaves_nothing_to_take_back(ada: str) -> None:
    add(an_offer())
    buy(offer_ids=["coffee"])
    bring_back(amount={"amount_minor": 10_000, "currency": "EUR"})
    assert work_on(returned(), accepted()) == []
    assert use(ada, order_id="O-1").status == 200
    assert reverse().status == 200
    assert [fact["event"] for fact in facts(ada)] == ["MemberEnrolled"]


def test_a_busy_member_is_met_again(ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(an_offer())
    buy(offer_ids=["coffee"])

    def refuse(*_: object) -> None:
        raise ChangeRefused

    with monkeypatch.context() as patch:
        patch.setattr(retrying, "sleep", lambda _: None)
        patch.setattr(type(composition.member_store()), "commit", refuse)
        assert work_on(accepted()) == ["0"]
    assert work_on(accepted()) == []
    assert facts(ada)[0]["event"] == "OfferUsed"


def test_an_order_names_twenty_offers_at_most(ada: str) -> None:
    too_many = [f"offer-{number}" for number in range(21)]
    is_problem(
        call("orders", "POST", "/v1/orders", order(offer_ids=too_many)), 422, "invalid_request"
    )


# ── Expiry ────────────────────────────────────────────────────────────────────────────────────────


def test_expired_offers_are_retired_once(app: MotoApp, ada: str) -> None:
    add(an_offer())
    add(an_offer("later", expires_at=iso(NOW + timedelta(days=5, seconds=1))))
    app.set_clock(NOW + timedelta(days=5))
    assert schedules.retire_offers.handler({}, lambda_context()) == {"retired": 1}
    assert schedules.retire_offers.handler({}, lambda_context()) == {"retired": 0}
    assert offer()["retired_at"] == iso(NOW + timedelta(days=5))
    assert offer("later")["retired_at"] is None
