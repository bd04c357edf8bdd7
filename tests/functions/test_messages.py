"""Messages that events and the morning's schedule bring about, on mocked tables."""

from __future__ import annotations

from datetime import timedelta

import pytest

import messages.alert_points
import messages.send_due_messages
import schedules.plan_due_messages
from loyalty.contracts.facts import event_of
from loyalty.contracts.registry import UnknownEvent
from loyalty.domain.identity import CustomerRef, identities
from loyalty.runtime import composition, messaging
from loyalty.services.adjust_points import adjust_points
from loyalty.services.enrol_member import enrol_member
from tests.support.elite_journey import sample
from tests.support.examples import NOW
from tests.support.moto_app import MotoApp, lambda_context
from tests.support.sms_fakes import FakeSmsSender

PHONE = "+4915112345678"
NEXT_MORNING = NOW.replace(hour=10) + timedelta(days=1)


@pytest.fixture
def phones(app: MotoApp, monkeypatch: pytest.MonkeyPatch) -> FakeSmsSender:
    sender = FakeSmsSender()
    monkeypatch.setattr(messaging, "sms_sender", lambda: sender)
    return sender


def enrolled() -> str:
    customer = CustomerRef(None, identities(phone=PHONE))
    return enrol_member(customer, **composition.enrolment_ports()).member.member_id


def post(member_id: str, points: int) -> None:
    """Give points, and let the bus tell of them twice."""
    adjust_points(
        member_id,
        adjustment_id=f"A-{points}",
        points=points,
        reason="sorry",
        made_by="staff",
        own_member_id=None,
        **composition.adjustment_ports(),
    )
    entry = composition.member_store().entries(member_id, limit=1)[0][0]
    detail = event_of(entry, "e").model_dump(mode="json")
    event = {"source": "loyalty", "detail-type": "PointsPosted", "detail": detail}
    for _ in range(2):
        messages.alert_points.handler(event, lambda_context())


def morning(app: MotoApp) -> None:
    """Let the schedule plan, and the worker work through what it queued."""
    app.set_clock(NEXT_MORNING)
    schedules.plan_due_messages.handler({}, lambda_context())
    queued = app.messages(app.messages_queue_url)
    assert len(queued) == 8
    records = [
        {
            "messageId": message["MessageId"],
            "body": message["Body"],
            "eventSource": "aws:sqs",
        }
        for message in queued
    ]
    answer = messages.send_due_messages.handler({"Records": records}, lambda_context())
    assert answer == {"batchItemFailures": []}


def test_a_posting_leads_to_one_text_and_a_day_to_one_more(
    app: MotoApp, phones: FakeSmsSender
) -> None:
    member_id = enrolled()
    for points in (51, 20, 30):
        post(member_id, points)
    morning(app)
    morning(app)
    assert phones.texts() == [
        "Elite: 51 points for you. 51 to spend now.",
        "Elite: 50 more points for you on 15 March. 101 to spend now.",
    ]
    assert {sms.to for sms in phones.sent} == {PHONE}


def test_an_event_of_another_kind_is_none_of_its_business(app: MotoApp) -> None:
    with pytest.raises(UnknownEvent):
        messages.alert_points.handler(sample("OrderAccepted.v1"), lambda_context())


def test_texts_leave_through_sns(app: MotoApp) -> None:
    member_id = enrolled()
    post(member_id, 51)
    claim = composition.member_store().message(member_id, "points-2017-03-15")
    assert claim is not None
    assert (claim.state, claim.about) == ("sent", "1")
