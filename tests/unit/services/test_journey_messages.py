"""Invite, reminder and welcome: when they go out, and that each goes out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Consent
from loyalty.services.journey_messages import send_invite, send_reminder, send_welcome
from loyalty.services.messages import MessageUnsettled
from loyalty.services.ports import EmailInDoubt, EmailRefused, MemberChange
from tests.support.journey_fakes import NOON, JourneyWorld

SENT = SendOutcome(outcome="sent")
SUPPRESSED = SendOutcome(outcome="suppressed")
ANSWERED = SendOutcome(outcome="answered")
OPT_OUT = {"email": Consent(granted=False, recorded_at=NOON, source="test")}
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def invite(world: JourneyWorld, member_id: str = "m1") -> SendOutcome:
    return send_invite(member_id, outbox=world.outbox, program=world.program, limiter=world.limiter)


def remind(world: JourneyWorld) -> SendOutcome:
    return send_reminder("m1", outbox=world.outbox, program=world.program)


def welcome(world: JourneyWorld) -> SendOutcome:
    return send_welcome("m1", outbox=world.outbox, program=world.program)


def test_an_invite_is_claimed_sent_and_marked(world: JourneyWorld) -> None:
    world.customer()
    assert invite(world) == SENT
    member = world.member()
    assert member.status == "invited"
    assert member.marketing_sent_at == (NOON,)
    assert world.events() == ["CustomerInvited"]
    assert world.store.messages["m1", "invite"].state == "sent"


def test_the_invite_carries_working_links_and_one_click_unsubscribing(world: JourneyWorld) -> None:
    world.customer()
    invite(world)
    [mail] = world.sender.sent
    assert mail.to == "m1@example.com"
    assert mail.subject == "standard/invite"
    assert mail.tags == {"member_id": "m1", "message_id": "invite"}
    link = world.links.verify("invitation", world.link_in(mail), now=NOON)
    assert link.member_id == "m1"
    assert link.expires_at == NOON + timedelta(days=world.definition.link_valid_days)
    unsubscribe = world.link_in(mail, "unsubscribe_url")
    assert world.links.verify("unsubscribe", unsubscribe, now=NOON).member_id == "m1"
    assert mail.headers == {
        "List-Unsubscribe": f"<https://elite.example/v1/unsubscribe/{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_repeated_invite_sends_nothing(world: JourneyWorld) -> None:
    world.customer()
    assert [invite(world), invite(world)] == [SENT, SENT]
    assert len(world.sender.sent) == 1
    assert world.events() == ["CustomerInvited"]


def test_an_invite_needs_few_requests(world: JourneyWorld) -> None:
    world.customer()
    invite(world)
    assert world.store.requests == 3  # read, claim, mark


def test_the_journeys_own_texts_are_used(world: JourneyWorld) -> None:
    warm = replace(world.definition.variants[0], name="warm", texts="warm")
    world.change_program(variants=(warm,))
    world.customer(variant="warm", journey_program_version=1)
    world.change_program(variants=world.definition.variants)
    invite(world)
    assert world.sender.sent[0].subject == "warm/invite"


@pytest.mark.parametrize("status", ["active", "not_interested", "inactive", "reminded"])
def test_nobody_is_invited_twice(world: JourneyWorld, status: str) -> None:
    world.customer(status=status)
    assert invite(world) == ANSWERED
    assert not world.sender.sent


def test_the_hold_out_gets_nothing(world: JourneyWorld) -> None:
    world.customer(held_out=True)
    assert invite(world) == ANSWERED
    assert not world.sender.sent


@pytest.mark.parametrize("status", ["left", "merged", "erased"])
def test_who_is_gone_is_not_found(world: JourneyWorld, status: str) -> None:
    world.customer(status=status)
    for send in (invite, remind, welcome):
        with pytest.raises(MemberNotFound):
            send(world)


def test_an_opt_out_suppresses_the_invite_and_says_so_once(world: JourneyWorld) -> None:
    world.customer(consents=OPT_OUT)
    assert [invite(world), invite(world)] == [SUPPRESSED, SUPPRESSED]
    assert world.member().invite_suppressed
    assert world.events() == ["InviteSuppressed"]
    assert not world.sender.sent


def test_without_an_address_the_invite_is_suppressed(world: JourneyWorld) -> None:
    world.customer(identities=())
    assert invite(world) == SUPPRESSED


def test_a_consent_basis_needs_a_consent(world: JourneyWorld) -> None:
    world.change_program(invite_basis="consent")
    world.customer()
    assert invite(world) == SUPPRESSED


def test_in_quiet_hours_the_invite_waits(world: JourneyWorld) -> None:
    world.customer()
    world.clock.advance(timedelta(hours=10))
    assert invite(world) == SendOutcome.later(NOON + timedelta(hours=20))
    assert world.member().status == "prospect"


def test_over_the_weekly_limit_the_invite_waits(world: JourneyWorld) -> None:
    world.customer(marketing_sent_at=(NOON - timedelta(days=6), NOON - timedelta(days=1)))
    assert invite(world) == SendOutcome.later(NOON + timedelta(days=1))


def test_while_journeys_are_paused_everything_waits(world: JourneyWorld) -> None:
    world.change_program(journeys_paused=True)
    world.customer(consents=OPT_OUT)
    assert invite(world) == SendOutcome.later(NOON + HOUR)
    world.customer(status="invited")
    assert remind(world) == SendOutcome.later(NOON + HOUR)


def test_a_flood_of_invites_is_spread_over_hours(world: JourneyWorld) -> None:
    world.change_program(invites_per_hour=2)
    for number in range(6):
        world.customer(f"m{number}")
    later = [invite(world, f"m{number}").not_before for number in range(6)]
    assert later == [None, None, NOON + HOUR, NOON + HOUR, NOON + 2 * HOUR, NOON + 2 * HOUR]
    world.clock.advance(HOUR)
    assert invite(world, "m2") == SENT


def test_a_busy_member_costs_one_place_in_the_hour(world: JourneyWorld) -> None:
    world.customer()
    world.store.refusals = 3
    assert invite(world) == SENT
    assert world.limiter.places.total() == 1


def test_a_refused_invite_can_be_sent_again(world: JourneyWorld) -> None:
    world.customer()
    world.sender.failures = [EmailRefused()]
    with pytest.raises(EmailRefused):
        invite(world)
    assert world.store.messages["m1", "invite"].state == "failed"
    assert invite(world) == SENT
    assert world.sender.message_ids() == {"invite": 1}
    assert world.events() == ["CustomerInvited"]
    assert world.member().marketing_sent_at == (NOON,)


def test_a_refused_invite_waits_for_the_morning(world: JourneyWorld) -> None:
    world.customer()
    world.sender.failures = [EmailRefused()]
    with pytest.raises(EmailRefused):
        invite(world)
    world.clock.advance(timedelta(hours=10))
    assert invite(world) == SendOutcome.later(NOON + timedelta(hours=20))


def test_after_an_opt_out_a_refused_invite_is_not_sent_again(world: JourneyWorld) -> None:
    world.customer()
    world.sender.failures = [EmailRefused()]
    with pytest.raises(EmailRefused):
        invite(world)
    world.store.members["m1"] = replace(world.member(), consents=OPT_OUT)
    assert invite(world) == SENT  # the journey goes on to its end without mails
    assert not world.sender.sent


def test_an_invite_in_doubt_counts_as_sent(world: JourneyWorld) -> None:
    world.customer()
    world.sender.failures = [EmailInDoubt()]
    assert invite(world) == SENT
    assert invite(world) == SENT
    assert not world.sender.sent


def test_an_opt_out_that_comes_in_between_is_honoured(world: JourneyWorld) -> None:
    before = world.customer()
    opted_out = replace(before, version=2, consents=OPT_OUT)
    world.store.before_commit = [MemberChange(member=opted_out, expected_version=1)]
    assert invite(world) == SUPPRESSED
    assert not world.sender.sent


def test_a_reminder_goes_out_once(world: JourneyWorld) -> None:
    world.customer(status="invited")
    assert [remind(world), remind(world)] == [SENT, SENT]
    assert world.member().status == "reminded"
    assert world.sender.message_ids() == {"reminder": 1}
    assert world.events() == ["CustomerReminded"]


def test_who_has_answered_is_not_reminded(world: JourneyWorld) -> None:
    world.customer(status="active")
    assert remind(world) == ANSWERED
    assert not world.sender.sent


def test_a_suppressed_reminder_leaves_the_customer_invited(world: JourneyWorld) -> None:
    world.customer(status="invited", consents=OPT_OUT)
    assert remind(world) == SUPPRESSED
    assert world.member().status == "invited"
    assert not world.store.history


def test_a_reminder_waits_in_quiet_hours(world: JourneyWorld) -> None:
    world.customer(status="invited")
    world.clock.advance(timedelta(hours=10))
    assert remind(world) == SendOutcome.later(NOON + timedelta(hours=20))


def test_a_refused_reminder_can_be_sent_again(world: JourneyWorld) -> None:
    world.customer(status="invited")
    world.sender.failures = [EmailRefused()]
    with pytest.raises(EmailRefused):
        remind(world)
    assert remind(world) == SENT
    assert world.sender.message_ids() == {"reminder": 1}


def test_a_welcome_needs_no_consent_and_keeps_no_hours(world: JourneyWorld) -> None:
    world.customer(status="active", consents=OPT_OUT)
    world.clock.advance(timedelta(hours=10))
    assert [welcome(world), welcome(world)] == [SENT, SENT]
    assert world.sender.message_ids() == {"welcome": 1}
    assert world.sender.sent[0].headers == {}
    assert world.member().marketing_sent_at == ()


def test_a_welcome_cannot_reach_a_bounced_address(world: JourneyWorld) -> None:
    world.customer(status="active", suppressed={"email": "bounce"})
    assert welcome(world) == SUPPRESSED


def test_a_welcome_in_doubt_is_sent_again_once_after_15_minutes(world: JourneyWorld) -> None:
    world.customer(status="active")
    world.sender.failures = [EmailInDoubt(), EmailInDoubt()]
    for _ in range(2):
        with pytest.raises(MessageUnsettled):
            welcome(world)
    world.clock.advance(timedelta(minutes=15))
    with pytest.raises(MessageUnsettled):
        welcome(world)
    assert welcome(world) == SENT
    assert not world.sender.sent  # both mails are in doubt: there is no third


def test_a_refused_welcome_can_be_sent_again(world: JourneyWorld) -> None:
    world.customer(status="active")
    world.sender.failures = [EmailRefused()]
    with pytest.raises(EmailRefused):
        welcome(world)
    assert welcome(world) == SENT
    assert world.sender.message_ids() == {"welcome": 1}
