"""Orders, returns and releases that come by way of queues."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import queues.due_points
import queues.orders
import schedules.plan_due_points
from loyalty.contracts.values import iso
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.member import Member
from loyalty.runtime import composition
from loyalty.services import retrying
from loyalty.services.enrol_member import enrol_member
from loyalty.services.ports import ChangeRefused
from tests.support.examples import NOW
from tests.support.moto_app import MotoApp, lambda_context


def order(order_id: str = "O-1", amount_minor: int = 10_000, **more: object) -> dict[str, Any]:
    data = {
        "source": "pos",
        "order_id": order_id,
        "occurred_at": iso(NOW),
        "customer": {"card": "4711"},
        "total": {"amount_minor": amount_minor, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 1, "amount_minor": amount_minor}],
    } | more
    return envelope("OrderFulfilled", data)


def goods_returned(return_id: str = "R-1", order_id: str = "O-1") -> dict[str, Any]:
    data = {
        "source": "pos",
        "order_id": order_id,
        "return_id": return_id,
        "occurred_at": iso(NOW),
        "lines": [{"sku": "milk", "quantity": 1}],
    }
    return envelope("GoodsReturned", data)


def envelope(detail_type: str, data: Mapping[str, object]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid4()),
        "source": "retail.pos",
        "detail-type": detail_type,
        "time": iso(NOW),
        "detail": {"metadata": {"event_id": str(uuid4())}, "data": data},
    }


def batch_of(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": str(number),
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:orders",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def take_in(*bodies: object) -> list[str]:
    """Hand a batch to the orders worker; return the ids of the messages to be received again."""
    answer = queues.orders.handler(batch_of(*bodies), lambda_context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def card_owner() -> Member:
    store = composition.member_store()
    (member_id,) = store.owners(identities(card="4711")).values()
    member = store.member(member_id)
    assert member is not None
    return member


def put_aside(app: MotoApp) -> list[str]:
    return [
        message["MessageAttributes"]["reason"]["StringValue"]
        for message in app.messages(app.orders_dlq_url)
    ]


class TestOrders:
    def test_an_order_delivered_twice_counts_once(self, app: MotoApp) -> None:
        assert take_in(order()) == []
        again = order() | {"id": "another", "time": iso(NOW + timedelta(hours=1))}
        assert take_in(again, order()) == []
        assert card_owner().lifetime_spend_minor == 10_000
        assert put_aside(app) == []

    def test_a_return_delivered_twice_counts_once(self, app: MotoApp) -> None:
        assert take_in(order("O-1"), order("O-2"), goods_returned(), goods_returned()) == []
        assert card_owner().lifetime_spend_minor == 10_000

    def test_a_return_may_come_before_its_order(self, app: MotoApp) -> None:
        assert take_in(goods_returned(), order("O-1"), order("O-2"), goods_returned()) == []
        assert card_owner().lifetime_spend_minor == 10_000

    def test_what_may_work_later_is_received_again_alone(
        self, app: MotoApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = composition.member_store()
        commit = store.commit

        def busy(change: Any) -> None:
            if change.order.key.order_id == "O-2":
                raise ChangeRefused("injected")
            commit(change)

        monkeypatch.setattr(store, "commit", busy)
        monkeypatch.setattr(retrying, "sleep", lambda _: None)
        assert take_in(order("O-1"), order("O-2"), order("O-3")) == ["1"]
        monkeypatch.setattr(store, "commit", commit)
        assert take_in(order("O-2")) == []
        assert card_owner().lifetime_spend_minor == 30_000
        assert put_aside(app) == []

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            (order(total={"amount_minor": 1, "currency": "CHF"}), "unknown_currency"),
            (order(customer={"member_id": "m-nobody"}), "member_not_found"),
            (order(occurred_at=iso(NOW + timedelta(days=1))), "future_date"),
            (order(surprise=1), "invalid_event: /data/surprise extra_forbidden"),
            (order(amount_minor=-1), "invalid_event: /data/total/amount_minor greater_than_equal"),
            (envelope("OrderCancelled", {}), "unknown_event"),
            ({"no": "envelope"}, "unreadable_message"),
            ("not json", "unreadable_message"),
        ],
    )
    def test_what_can_never_work_is_put_aside_with_its_reason(
        self, app: MotoApp, message: object, reason: str
    ) -> None:
        assert take_in(message, order("O-9")) == []
        (found,) = put_aside(app)
        assert found.startswith(reason)
        assert card_owner().lifetime_spend_minor == 10_000
        assert "4711" not in found


class TestRelease:
    def test_points_are_released_once_when_their_window_has_ended(self, app: MotoApp) -> None:
        reference = CustomerRef(None, identities(card="4711"))
        enrol_member(reference, **composition.enrolment_ports())
        take_in(order())
        pending = card_owner().account.points_pending
        assert pending > 0
        app.set_clock(NOW + timedelta(days=60))
        schedules.plan_due_points.handler({}, lambda_context())
        messages = [message["Body"] for message in app.messages(app.due_queue_url)]
        assert len(messages) == 1
        for _ in range(2):
            for message in messages:
                answer = queues.due_points.handler(batch_of(message), lambda_context())
                assert answer == {"batchItemFailures": []}
        account = card_owner().account
        assert (account.points_available, account.points_pending) == (pending, 0)
        assert account.entries == 2

    def test_a_message_that_fails_is_received_again_alone(self, app: MotoApp) -> None:
        message = {"kind": "release", "shard": 0, "until": iso(NOW)}
        broken = {"kind": "release", "shard": 0, "until": "yesterday"}
        answer = queues.due_points.handler(batch_of(message, broken), lambda_context())
        assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
