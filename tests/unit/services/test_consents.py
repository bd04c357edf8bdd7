"""Consents, bounces and complaints: an opt-out wins, a consent brings an invite back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.identity import CustomerRef
from loyalty.domain.member import Channel, Consent, Member
from loyalty.domain.profile import learn
from loyalty.services.consents import change_consents
from loyalty.services.feedback import suppress_email
from tests.support.journey_fakes import NOON, JourneyWorld


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def say(
    world: JourneyWorld, granted: bool, *, channel: Channel = "email", age: timedelta = timedelta(0)
) -> Member:
    consent = Consent(granted=granted, recorded_at=world.clock.now() - age, source="crm")
    return change_consents(
        "m1", {channel: consent}, store=world.store, program=world.program, clock=world.clock
    )


def test_a_consent_is_recorded_once(world: JourneyWorld) -> None:
    world.customer()
    say(world, True)
    version = world.member().version
    say(world, True)
    assert world.member().version == version
    assert world.events() == ["ConsentChanged"]


def test_an_older_word_does_not_undo_an_opt_out(world: JourneyWorld) -> None:
    world.customer()
    say(world, False)
    say(world, True, age=timedelta(hours=1))
    assert not world.member().consents["email"].granted


def test_a_consent_brings_the_suppressed_invite_back(world: JourneyWorld) -> None:
    world.customer(invite_suppressed=True)
    say(world, False)
    world.clock.advance(timedelta(minutes=1))
    say(world, True)
    assert not world.member().invite_suppressed
    assert world.events() == ["ConsentChanged", "ConsentChanged", "InviteAllowed"]


def test_consent_on_another_channel_does_not(world: JourneyWorld) -> None:
    world.change_program(invite_basis="consent")
    world.customer(invite_suppressed=True)
    say(world, True, channel="sms")
    assert world.member().invite_suppressed


def test_consents_of_nobody_are_refused(world: JourneyWorld) -> None:
    with pytest.raises(MemberNotFound):
        say(world, True)


def test_a_bounce_suppresses_mail_once(world: JourneyWorld) -> None:
    world.customer()
    done = [suppress_email("m1", "bounce", store=world.store, clock=world.clock) for _ in range(2)]
    assert done == [True, False]
    assert world.member().suppressed == {"email": "bounce"}
    assert world.events() == ["ChannelSuppressed"]


def test_feedback_on_who_is_gone_is_done_already(world: JourneyWorld) -> None:
    assert not suppress_email("m1", "complaint", store=world.store, clock=world.clock)


def test_a_consent_does_not_open_a_suppressed_address(world: JourneyWorld) -> None:
    world.customer(invite_suppressed=True, suppressed={"email": "bounce"})
    say(world, True)
    assert world.member().invite_suppressed
    assert world.member().created_at == NOON


def test_the_word_of_a_till_whose_clock_is_fast_does_not_outlive_an_opt_out(
    world: JourneyWorld,
) -> None:
    customer = CustomerRef(member_id="m1", identities=(), consents={"email": True})
    fast = NOON + timedelta(minutes=5)
    learned, _ = learn(
        world.customer(),
        customer,
        (),
        source="pos",
        said_at=fast,
        definition=world.definition,
        now=NOON,
        verifies=False,
    )
    world.store.members["m1"] = learned
    world.clock.advance(timedelta(minutes=1))
    say(world, False)
    assert not world.member().consents["email"].granted
