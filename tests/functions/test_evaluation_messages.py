"""The messages of the machine `member_evaluation` as Lambda runs their steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

import member_evaluation.send_points_sms
import member_evaluation.send_tier_upgrade_email
import messages.send_due_messages
from loyalty.domain.member import Identity
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.runtime import messaging
from loyalty.services.due_messages import shard_message
from loyalty.services.messages import MessageUnsettled
from loyalty.services.ports import EmailInDoubt
from loyalty.services.shards import due_shard
from tests.support.elite_journey import MEMBER_ID, journey_surroundings, sample, store_customer
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeSender
from tests.support.moto_app import MotoApp, lambda_context
from tests.support.sms_fakes import PHONE, FakeSmsSender

UPGRADE = sample("lambda/upgrade_task")


@pytest.fixture
def sender(app: MotoApp) -> Iterator[FakeSender]:
    with journey_surroundings() as (sender, _):
        yield sender


def test_a_member_who_moved_up_gets_one_mail(sender: FakeSender) -> None:
    span = TierSpan(UPGRADE["to_tier"], NOW, "2017-02", UPGRADE["upgrade_id"])
    standing = TierStanding((TierSpan("silver", NOW), span))
    store_customer(MEMBER_ID, status="active", joined_at=NOW, standing=standing, name="Ann")
    for _ in range(2):
        outcome = member_evaluation.send_tier_upgrade_email.handler(UPGRADE, lambda_context())
        assert outcome == {"outcome": "sent", "not_before": None}
    [mail] = sender.sent
    assert mail.subject == "You have reached Gold"
    assert "A voucher is waiting for you. It is valid for 60 days" in mail.text
    assert "/v1/unsubscribe/" in mail.html


def test_a_mail_in_doubt_is_queued_and_sent_after_fifteen_minutes(
    app: MotoApp, sender: FakeSender
) -> None:
    span = TierSpan(UPGRADE["to_tier"], NOW, "2017-02", UPGRADE["upgrade_id"])
    standing = TierStanding((TierSpan("silver", NOW), span))
    store_customer(MEMBER_ID, status="active", joined_at=NOW, standing=standing)
    sender.failures = [EmailInDoubt("no answer")]
    with pytest.raises(MessageUnsettled):
        member_evaluation.send_tier_upgrade_email.handler(UPGRADE, lambda_context())
    delayed = app.client("sqs").get_queue_attributes(
        QueueUrl=app.messages_queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )["Attributes"]
    assert delayed == {"ApproximateNumberOfMessagesDelayed": "1"}

    later = NOW + timedelta(minutes=15)
    app.set_clock(later)
    queued = shard_message(due_shard(MEMBER_ID), later, "tier_mail")
    record = {"messageId": "1", "body": json.dumps(queued), "eventSource": "aws:sqs"}
    messages.send_due_messages.handler({"Records": [record]}, lambda_context())
    assert len(sender.sent) == 1


def test_points_that_an_evaluation_posted_are_told_once(
    app: MotoApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = FakeSmsSender()
    monkeypatch.setattr(messaging, "sms_sender", lambda: phones)
    store_customer(MEMBER_ID, joined_at=NOW, identities=(Identity("phone", PHONE),))
    task = sample("lambda/points_alert_task")
    for _ in range(2):
        outcome = member_evaluation.send_points_sms.handler(task, lambda_context())
        assert outcome == {"outcome": "sent", "not_before": None}
    assert phones.texts() == ["Elite: 230 points for you. 0 to spend now."]
