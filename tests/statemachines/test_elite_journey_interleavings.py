"""Whatever happens in whatever order: journey, member and messages agree in the end.

Answers, opt-outs, consents, bounces, time-outs and outreach come at any moment; events are
delivered late, twice and in disorder; functions die between any two of their calls and are called
again. A run that fails is repeated by its seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

import elite_journey.record_feedback
import inactive_outreach.plan_outreach
import inactive_outreach.send_outreach
from loyalty.contracts.program import default_definition
from loyalty.domain.consents import may_market
from loyalty.domain.member import Consent, Member
from loyalty.domain.messaging import in_quiet_hours
from loyalty.runtime import composition
from loyalty.services import invitations
from loyalty.services.consents import change_consents
from loyalty.services.shards import due_shard
from tests.support.elite_journey import sample
from tests.support.examples import NOW
from tests.support.journey_cloud import ANSWERS, JourneyCloud, Mail, Troubles, journey_cloud
from tests.support.moto_app import lambda_context

RUNS = 120
PROGRAM = default_definition()
TROUBLES = Troubles(
    deaths=0.15, throttles=0.01, mail_failures=0.15, late_events=0.2, double_events=0.3
)
CALM = Troubles()
WEEK = timedelta(days=7)
PERIOD = timedelta(days=PROGRAM.outreach_period_days)
# Retries, quiet hours and refused mails may hold a journey up for so long after an answer.
SOON = timedelta(days=2)
WAITS_BEFORE_ANSWERS = [
    timedelta(),
    timedelta(seconds=1),
    timedelta(hours=5),
    timedelta(days=3),
    timedelta(days=14),
    timedelta(days=16),
    timedelta(days=45),
]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneyCloud]:
    with journey_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


class Customer:
    """Reads some mails, answers some of them, and says this and that about mails."""

    def __init__(self, cloud: JourneyCloud) -> None:
        self.cloud = cloud
        self.random = cloud.random
        self.last_outreach: tuple[str, datetime] | None = None
        cloud.when_mailed = self.read
        cloud.before_claim = self.check_that_it_may_be_sent

    def live(self) -> None:
        """Plan what happens besides the journey."""
        for _ in range(self.random.choice([0, 0, 1, 2, 4])):
            act = self.random.choice([self.consent, self.unsubscribe, self.bounce])
            days = self.random.choice([0, 0, 1, 14, 28, 50])
            after = timedelta(days=days, seconds=self.random.choice([0, 1, 3_600]))
            self.cloud.clock.at(after, lambda act=act: self.cloud.call(act))  # type: ignore[misc]
        for week in range(4, 18, 2):
            self.cloud.clock.at(week * WEEK, self.outreach)

    def read(self, mail: Mail) -> None:
        if mail.message_id.startswith("welcome") or self.random.random() < 0.5:
            return
        for _ in range(self.random.choice([1, 1, 2])):
            given = self.random.choice(["accept", "accept", "decline"])
            after = self.random.choice(WAITS_BEFORE_ANSWERS)
            self.cloud.clock.at(after, lambda given=given: self.cloud.answer(given, mail))  # type: ignore[misc]

    def consent(self) -> None:
        self._say(granted=True)

    def _say(self, *, granted: bool) -> None:
        said = Consent(granted=granted, recorded_at=composition.clock().now(), source="shop")
        change_consents(self.cloud.member_id, {"email": said}, **composition.consent_ports())

    def unsubscribe(self) -> None:
        if self.cloud.mails and self.cloud.mails[0].message_id == "invite":
            token = self.cloud.mails[0].link("unsubscribe")
            invitations.unsubscribe(token, **composition.invitation_ports())
        else:
            self._say(granted=False)

    def bounce(self) -> None:
        event = sample("lambda/mail_bounced")
        event["detail"]["mail"]["tags"]["member_id"] = [self.cloud.member_id]
        elite_journey.record_feedback.handler(event, lambda_context())

    def outreach(self) -> None:
        plan = inactive_outreach.plan_outreach.handler({}, lambda_context())
        shard = {"shard": due_shard(self.cloud.member_id), "until": plan["until"]}
        self.cloud.deliver(inactive_outreach.send_outreach.handler, shard)

    def check_that_it_may_be_sent(self, message_id: str, member: Member) -> None:
        """Hold a claim to the rules; `member` is the one that the claim's transaction finds."""
        if message_id.startswith("welcome"):
            return
        now = self.cloud.clock.now
        assert may_market(member, "email", PROGRAM), f"{message_id} after an opt-out"
        assert not in_quiet_hours(PROGRAM, now)
        recent = [at for at in member.marketing_sent_at if now - at < WEEK]
        assert len(recent) <= PROGRAM.marketing_per_week
        if message_id.startswith("outreach"):
            # One that was refused, as no mails were taken, is claimed again under its own number.
            last, self.last_outreach = self.last_outreach, (message_id, now)
            is_again = last is not None and last[0] == message_id
            assert last is None or is_again or now - last[1] > PERIOD - timedelta(minutes=1)


@pytest.mark.parametrize("seed", range(RUNS))
def test_journey_member_and_messages_agree(cloud: JourneyCloud, seed: int) -> None:
    consents = {} if seed % 4 else {"email": Consent(granted=False, recorded_at=NOW, source="shop")}
    cloud.begin(
        seed,
        TROUBLES if seed % 3 else CALM,
        variant="standard" if seed % 20 else "hold_out",
        consents=consents,
    )
    Customer(cloud).live()

    cloud.finish()

    check_what_always_holds(cloud)
    check_how_it_ended(cloud)


def check_what_always_holds(cloud: JourneyCloud) -> None:
    facts = cloud.facts()
    events = Counter(fact.event for fact in facts)
    assert max(Counter(mail.message_id for mail in cloud.mails).values(), default=1) == 1
    assert sum(events[answer] for answer in ANSWERS) <= 1
    assert events["CustomerInvited"] <= 1
    assert len(cloud.answers_taken) <= 1
    status = "prospect"
    for fact in facts:
        assert fact.from_status == status
        status = fact.to_status
    assert cloud.member().status == status
    for run in cloud.runs.values():
        assert run.status == "SUCCEEDED", run.cause
        if cloud.told_at is not None and run.stopped_at is not None:
            assert run.stopped_at - cloud.told_at < SOON, "a wake-up was lost"


def check_how_it_ended(cloud: JourneyCloud) -> None:
    member = cloud.member()
    events = {fact.event for fact in cloud.facts()}
    sent = {mail.message_id for mail in cloud.mails}
    ends = cloud.endings()
    assert ("invite" in sent) <= ("CustomerInvited" in events)
    assert ("reminder" in sent) <= ("CustomerReminded" in events)
    match member.status:
        case "prospect":
            assert member.held_out or member.invite_suppressed
            assert ends <= {"HeldOut", "InviteSuppressed"}
            assert not sent
        case "active":
            assert "InviteAccepted" in events
            assert "Activated" in ends
            assert "email" in member.suppressed or sent & {"welcome", "welcome-again"}
            assert member.enrolled
        case "not_interested":
            assert "InviteDeclined" in events
            assert "Activated" not in ends
            assert not member.enrolled
        case "inactive":
            assert not events & ANSWERS
            assert "Inactive" in ends
            assert member.inactive_reason == "silent"
        case other:
            pytest.fail(f"a journey does not end as {other}")
