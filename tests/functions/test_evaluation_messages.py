"""The messages of the machine `member_evaluation` as Lambda runs their steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import member_evaluation.send_tier_upgrade_email
from loyalty.domain.tiers import TierSpan, TierStanding
from tests.support.elite_journey import MEMBER_ID, journey_surroundings, sample, store_customer
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeSender
from tests.support.moto_app import MotoApp, lambda_context

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
