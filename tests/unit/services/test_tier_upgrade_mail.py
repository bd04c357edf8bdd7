"""The mail on a new tier: to whom, once, and once more when nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from loyalty.contracts.journeys import SendOutcome
from loyalty.contracts.values import iso
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Consent
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.services.due_messages import send_due_messages
from loyalty.services.messages import MessageUnsettled
from loyalty.services.ports import DUE_SHARDS, EmailInDoubt, EmailRefused
from loyalty.services.shards import due_shard
from loyalty.services.tier_upgrade_mail import send_tier_mail_again, send_tier_upgrade_email
from tests.support.examples import TIERS
from tests.support.job_fakes import FakeQueue
from tests.support.journey_fakes import NOON, JourneyWorld

SENT = SendOutcome(outcome="sent")
SUPPRESSED = SendOutcome(outcome="suppressed")
MESSAGE = "tier-u-1"
GOLD = TierStanding((TierSpan("member", NOON), TierSpan("gold", NOON, "2017-02", "u-1")))

LATER = TierSpan("platinum", NOON, "2017-03", "u-2")


@pytest.fixture
def world() -> JourneyWorld:
    world = JourneyWorld()
    gold = replace(TIERS[1], benefits=("Free alterations", "A seat at the bar"))
    world.change_program(tiers=(TIERS[0], gold, TIERS[2]))
    return world


def upgraded(world: JourneyWorld, **fields: Any) -> None:
    """Store a member who moved up to gold a moment ago."""
    world.customer(**({"status": "active", "joined_at": NOON, "standing": GOLD} | fields))


def congratulate(world: JourneyWorld, queue: FakeQueue | None = None) -> SendOutcome:
    return send_tier_upgrade_email(
        "m1",
        "u-1",
        "gold",
        outbox=world.outbox,
        program=world.program,
        queue=queue or FakeQueue(),
    )


def send_due(world: JourneyWorld) -> int:
    """Send all that is due by now; return how much of it is done with."""
    send = partial(send_tier_mail_again, outbox=world.outbox, program=world.program)
    return sum(
        send_due_messages(
            shard,
            world.clock.now(),
            sends={"tier_mail": send},
            store=world.store,
            queue=FakeQueue(),
        )
        for shard in range(DUE_SHARDS)
    )


def test_the_mail_names_the_tier_its_benefits_and_that_a_voucher_waits(
    world: JourneyWorld,
) -> None:
    upgraded(world)
    assert congratulate(world) == SENT
    [mail] = world.sender.sent
    assert (mail.to, mail.subject) == ("m1@example.com", "tier_upgrade")
    assert "tier: Gold" in mail.text
    assert "Free alterations" in mail.text
    assert "voucher_valid_days: 60" in mail.text
    assert mail.headers == {}
    assert world.store.messages["m1", MESSAGE].state == "sent"
    assert not world.store.messages["m1", MESSAGE].marketing


def test_a_new_mail_needs_one_read(world: JourneyWorld) -> None:
    upgraded(world)
    congratulate(world)
    assert world.store.requests == 3  # read, claim, mark


def test_a_repeated_step_sends_nothing(world: JourneyWorld) -> None:
    upgraded(world)
    assert [congratulate(world), congratulate(world)] == [SENT, SENT]
    assert world.sender.message_ids() == {MESSAGE: 1}


def test_it_is_no_marketing(world: JourneyWorld) -> None:
    no = Consent(granted=False, recorded_at=NOON, source="test")
    upgraded(world, consents={"email": no}, marketing_sent_at=(NOON, NOON))
    world.clock.advance(timedelta(hours=10))  # in quiet hours
    assert congratulate(world) == SENT
    assert world.member().marketing_sent_at == (NOON, NOON)


@pytest.mark.parametrize(
    "fields",
    [
        {"identities": ()},
        {"suppressed": {"email": "bounce"}},
        {"preferences": {"tier_mail": False}},
        {"standing": TierStanding((*GOLD.spans, TierSpan("member", NOON)))},
        {"standing": TierStanding((replace(GOLD.spans[1], undone=True), LATER))},
        {"standing": TierStanding((TierSpan("member", NOON),))},
    ],
    ids=["no address", "bounced", "switched off", "lost again", "undone by a return", "never was"],
)
def test_who_cannot_or_should_not_get_it(world: JourneyWorld, fields: dict[str, Any]) -> None:
    upgraded(world, **fields)
    assert congratulate(world) == SUPPRESSED
    assert not world.sender.sent
    assert not world.store.messages


def test_who_moved_further_up_meanwhile_gets_it_too(world: JourneyWorld) -> None:
    upgraded(world, standing=TierStanding((*GOLD.spans, LATER)))
    assert congratulate(world) == SENT


def test_after_a_merge_the_survivor_gets_it_once(world: JourneyWorld) -> None:
    upgraded(world, status="merged", merged_into="m2", standing=TierStanding())
    upgraded(world, member_id="m2")
    assert [congratulate(world), congratulate(world)] == [SENT, SENT]
    [mail] = world.sender.sent
    assert mail.to == "m2@example.com"
    assert world.store.messages["m2", MESSAGE].state == "sent"


def test_without_vouchers_none_waits(world: JourneyWorld) -> None:
    world.change_program(vouchers_enabled=False)
    upgraded(world)
    congratulate(world)
    assert "voucher_valid_days: None" in world.sender.sent[0].text


def test_a_tier_that_the_program_has_no_more_is_still_named(world: JourneyWorld) -> None:
    upgraded(world)
    world.change_program(tiers=TIERS[:1])
    congratulate(world)
    assert "tier: Gold" in world.sender.sent[0].text


def test_who_is_gone_is_not_found(world: JourneyWorld) -> None:
    upgraded(world, status="left")
    with pytest.raises(MemberNotFound):
        congratulate(world)


def test_a_refused_mail_can_be_sent_again(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailRefused("Throttling", takes_none=True)]
    with pytest.raises(EmailRefused):
        congratulate(world)
    assert world.store.messages["m1", MESSAGE].state == "failed"
    assert congratulate(world) == SENT
    assert world.sender.message_ids() == {MESSAGE: 1}


def test_an_address_that_is_refused_fails_no_evaluation(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailRefused("MessageRejected")]
    assert congratulate(world) == SUPPRESSED
    assert world.store.messages["m1", MESSAGE].state == "failed"


def test_a_mail_in_doubt_goes_out_once_more_after_fifteen_minutes(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailInDoubt("no answer")]
    for _ in range(2):
        with pytest.raises(MessageUnsettled):
            congratulate(world)
    world.clock.advance(timedelta(minutes=15))
    assert [congratulate(world), congratulate(world)] == [SENT, SENT]
    assert world.sender.message_ids() == {f"{MESSAGE}-again": 1}


def test_a_mail_in_doubt_is_due_again_by_itself(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailInDoubt("no answer")]
    for _ in range(2):
        with pytest.raises(MessageUnsettled):
            congratulate(world)
        world.clock.advance(timedelta(minutes=7))
    assert [send_due(world), send_due(world)] == [0, 0]
    world.clock.advance(timedelta(minutes=1))
    assert [send_due(world), send_due(world)] == [1, 0]
    assert world.sender.message_ids() == {f"{MESSAGE}-again": 1}


def test_a_mail_in_doubt_is_sent_again_fifteen_minutes_later(world: JourneyWorld) -> None:
    upgraded(world)
    queue = FakeQueue()
    world.sender.failures = [EmailInDoubt("no answer")]
    with pytest.raises(MessageUnsettled):
        congratulate(world, queue)
    [due] = world.store.due_items
    [(delay, message)] = queue.delayed
    assert delay == timedelta(minutes=15)
    assert message == {
        "shard": due_shard(due.member_id),
        "until": iso(due.due_at),
        "kind": "tier_mail",
    }


def test_a_mail_that_is_in_doubt_again_is_left_at_that(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailInDoubt("no answer"), EmailInDoubt("no answer")]
    with pytest.raises(MessageUnsettled):
        congratulate(world)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=15))
        send_due(world)
    assert not world.store.due_items
    assert not world.sender.sent


def test_no_mail_is_due_of_an_upgrade_that_was_undone_meanwhile(world: JourneyWorld) -> None:
    upgraded(world)
    world.sender.failures = [EmailInDoubt("no answer")]
    with pytest.raises(MessageUnsettled):
        congratulate(world)
    world.customer(standing=TierStanding((TierSpan("silver", NOON),)))
    world.clock.advance(timedelta(minutes=15))
    assert send_due(world) == 1
    assert not world.sender.sent


def test_a_crash_right_after_sending_is_unknowable_so_it_goes_out_twice_at_most(
    world: JourneyWorld,
) -> None:
    upgraded(world)
    world.sender.send = _sending_then_crashing(world)  # type: ignore[method-assign]
    for _ in range(4):
        with pytest.raises((ConnectionError, MessageUnsettled)):
            congratulate(world)
        world.clock.advance(timedelta(minutes=16))
        if len(world.sender.sent) == 2:
            break
    assert congratulate(world) == SENT
    assert world.sender.message_ids() == {MESSAGE: 1, f"{MESSAGE}-again": 1}


def _sending_then_crashing(world: JourneyWorld) -> Any:
    def send(email: Any) -> None:
        world.sender.sent.append(email)
        raise ConnectionError("the function was killed")

    return send
