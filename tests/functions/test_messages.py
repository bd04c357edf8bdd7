"""Messages that events and the morning's schedule bring about, on mocked tables."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

import messages.alert_points
import messages.count_savings
import messages.plan_voucher_reminder
import messages.send_due_messages
import schedules.plan_due_messages
from loyalty.contracts.facts import event_of
from loyalty.contracts.registry import UnknownEvent
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.month_uses import uses_in
from loyalty.domain.program import VoucherRule
from loyalty.domain.voucher_codes import shown
from loyalty.runtime import composition, messaging, rewarding
from loyalty.services import due_messages, members
from loyalty.services.adjust_points import adjust_points
from loyalty.services.create_voucher import create_voucher
from loyalty.services.enrol_member import enrol_member
from loyalty.services.preferences import record_preferences
from tests.support.elite_journey import journey_surroundings, sample
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
    """Let the morning's schedule plan, and the worker send."""
    app.set_clock(NEXT_MORNING)
    schedules.plan_due_messages.handler({}, lambda_context())
    work_through(app)


def work_through(app: MotoApp) -> None:
    """Let the worker work through what is on the queue, if anything is."""
    queued = app.messages(app.messages_queue_url)
    if not queued:
        return
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


def test_every_kind_that_is_planned_is_sent(app: MotoApp) -> None:
    assert set(messaging.due_message_ports()["sends"]) == set(due_messages.KINDS)


def voucher_event(name: str, member_id: str, **data: Any) -> dict[str, Any]:
    event = sample(f"{name}.v1")
    event["detail"]["data"] |= {"member_id": member_id, **data}
    return event


def test_what_a_voucher_saved_is_on_the_profile_once(app: MotoApp) -> None:
    member_id = enrolled()
    redeemed = voucher_event("VoucherRedeemed", member_id, voucher_version=2, amount_minor=400)
    undone = voucher_event(
        "VoucherRolledBack", member_id, voucher_version=3, amount_minor=150, undone="redeemed"
    )
    released = undone | {"detail": deepcopy(undone["detail"])}
    released["detail"]["data"] |= {"voucher_version": 4, "undone": "reserved"}
    for event in (redeemed, undone, released, redeemed, undone):
        messages.count_savings.handler(event, lambda_context())
    profile = members.profile(member_id, **messaging.profile_ports())
    assert profile.saved_since_joining.amount_minor == 250


def test_a_voucher_that_nobody_owns_counts_for_who_redeems_it(app: MotoApp) -> None:
    member_id = enrolled()
    event = voucher_event("VoucherRedeemed", "nobody", redeemed_by=None, amount_minor=None)
    event["detail"]["data"]["member_id"] = None
    messages.count_savings.handler(event, lambda_context())
    event["detail"]["data"]["redeemed_by"] = member_id
    messages.count_savings.handler(event, lambda_context())
    undone = voucher_event("VoucherRolledBack", "nobody", redeemed_by=member_id)
    undone["detail"]["data"] |= {"member_id": None, "redeemed_at": "2017-03-01T12:00:00Z"}
    assert used_in_march(member_id) == 1
    messages.count_savings.handler(undone, lambda_context())
    assert used_in_march(member_id) == 0


def used_in_march(member_id: str) -> int:
    member = composition.member_store().member(member_id)
    assert member is not None
    return uses_in(member.uses, "2017-03").benefits


def test_who_is_gone_saves_nothing(app: MotoApp) -> None:
    messages.count_savings.handler(voucher_event("VoucherRedeemed", "gone"), lambda_context())


def test_a_member_is_reminded_of_their_voucher(app: MotoApp, phones: FakeSmsSender) -> None:
    with journey_surroundings() as (sender, _):
        customer = CustomerRef(None, identities(email="ann@example.com"))
        outcome = enrol_member(customer, **composition.enrolment_ports())
        member_id = outcome.member.member_id
        voucher = create_voucher(
            "V-1",
            member_id=member_id,
            rule=VoucherRule("percent", valid_days=8, percent=10),
            cause="test",
            **rewarding.creation_ports(),
        )
        issued = voucher_event(
            "VoucherIssued", member_id, expires_at=voucher.terms.expires_at.isoformat()
        )
        for _ in range(2):
            messages.plan_voucher_reminder.handler(issued, lambda_context())
        app.set_clock(voucher.terms.expires_at - timedelta(days=7) + timedelta(hours=10))
        for _ in range(2):
            schedules.plan_due_messages.handler({}, lambda_context())
            work_through(app)
    [mail] = sender.sent
    assert mail.subject == "Your voucher is valid until 23 March"
    assert shown(voucher.code) in mail.text


def test_a_statement_is_sent_to_who_wants_one(app: MotoApp, phones: FakeSmsSender) -> None:
    with journey_surroundings() as (sender, _):
        customer = CustomerRef(None, identities(email="ann@example.com"))
        outcome = enrol_member(customer, **composition.enrolment_ports())
        member_id = outcome.member.member_id
        record_preferences(member_id, {"statement": True}, **composition.member_ports())
        for month in (4, 5):
            app.set_clock(NOW.replace(month=month, day=4, hour=10))
            schedules.plan_due_messages.handler({}, lambda_context())
            work_through(app)
    assert [mail.subject for mail in sender.sent] == [
        "Your Elite statement for March 2017",
        "Your Elite statement for April 2017",
    ]
