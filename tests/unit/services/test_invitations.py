"""Links without logging in: what they show, what they do, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty.domain import journey
from loyalty.domain.errors import InvitationAnswered, InvitationExpired, InvitationInvalid
from loyalty.domain.program import ActionReward
from loyalty.services import invitations
from loyalty.services.ports import MemberChange
from tests.support.journey_fakes import NOON, JourneyWorld

VALID = timedelta(days=90)


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def link(world: JourneyWorld, purpose: str = "invitation") -> str:
    return world.links.sign(purpose, "m1", issued_at=NOON, expires_at=NOON + VALID)


def ports(world: JourneyWorld) -> dict[str, Any]:
    return {
        "store": world.store,
        "program": world.program,
        "clock": world.clock,
        "links": world.links,
    }


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "invited"}, "open"),
        ({"status": "reminded"}, "open"),
        ({"status": "inactive", "inactive_reason": "silent"}, "open"),
        ({"status": "active"}, "accepted"),
        ({"status": "inactive", "inactive_reason": "lapsed"}, "accepted"),
        ({"status": "not_interested"}, "declined"),
    ],
)
def test_looking_shows_the_state_and_changes_nothing(
    world: JourneyWorld, fields: dict[str, Any], state: str
) -> None:
    before = world.customer(**fields)
    view = invitations.state(link(world), **ports(world))
    assert (view.state, view.expires_at) == (state, NOON + VALID)
    assert world.member() == before


def test_accepting(world: JourneyWorld) -> None:
    world.customer(status="invited")
    assert invitations.accept(link(world), **ports(world)).view.state == "accepted"
    assert world.member().status == "active"
    assert world.member().joined_at == NOON
    assert world.events() == ["InviteAccepted", "MemberEnrolled"]


def test_declining(world: JourneyWorld) -> None:
    world.customer(status="reminded")
    assert invitations.decline(link(world), **ports(world)).state == "declined"
    assert world.member().status == "not_interested"
    assert world.events() == ["InviteDeclined"]


@pytest.mark.parametrize("first", [invitations.accept, invitations.decline])
@pytest.mark.parametrize("second", [invitations.accept, invitations.decline])
def test_the_first_answer_holds(world: JourneyWorld, first: Any, second: Any) -> None:
    world.customer(status="invited")
    first(link(world), **ports(world))
    after_first = world.member()
    with pytest.raises(InvitationAnswered):
        second(link(world), **ports(world))
    assert world.member() == after_first


def test_of_accept_and_decline_at_the_same_moment_one_holds(world: JourneyWorld) -> None:
    before = world.customer(status="invited")
    declined = journey.answer(before, "decline", world.definition, NOON)
    world.store.before_commit = [
        MemberChange(declined.member, expected_version=1, status_changes=declined.changes)
    ]
    with pytest.raises(InvitationAnswered):
        invitations.accept(link(world), **ports(world))
    assert world.member().status == "not_interested"
    assert world.events() == ["InviteDeclined"]


@pytest.mark.parametrize("use", [invitations.state, invitations.accept, invitations.decline])
def test_an_expired_link_does_nothing(world: JourneyWorld, use: Any) -> None:
    before = world.customer(status="invited")
    token = link(world)
    world.clock.advance(VALID)
    with pytest.raises(InvitationExpired):
        use(token, **ports(world))
    assert world.member() == before


@pytest.mark.parametrize("use", [invitations.state, invitations.accept, invitations.decline])
def test_a_link_for_another_purpose_does_nothing(world: JourneyWorld, use: Any) -> None:
    before = world.customer(status="invited")
    with pytest.raises(InvitationInvalid):
        use(link(world, "unsubscribe"), **ports(world))
    assert world.member() == before


@pytest.mark.parametrize("status", ["left", "merged", "erased"])
def test_links_of_who_is_gone_are_void(world: JourneyWorld, status: str) -> None:
    world.customer(status=status)
    with pytest.raises(InvitationInvalid):
        invitations.accept(link(world), **ports(world))
    with pytest.raises(InvitationInvalid):
        invitations.unsubscribe(link(world, "unsubscribe"), **ports(world))


def test_unsubscribing_works_again_and_again(world: JourneyWorld) -> None:
    world.customer(status="invited")
    token = link(world, "unsubscribe")
    assert invitations.unsubscribe_state(token, **ports(world)).subscribed
    assert not world.store.history
    for _ in range(2):
        assert not invitations.unsubscribe(token, **ports(world)).subscribed
    assert not invitations.unsubscribe_state(token, **ports(world)).subscribed
    assert world.events() == ["ConsentChanged"]
    assert world.member().consents["email"].source == "unsubscribe_link"


def test_who_unsubscribed_can_still_accept(world: JourneyWorld) -> None:
    world.customer(status="invited")
    invitations.unsubscribe(link(world, "unsubscribe"), **ports(world))
    invitations.accept(link(world), **ports(world))
    assert world.member().status == "active"
    assert not world.member().consents["email"].granted


def test_a_busy_member_is_tried_again(world: JourneyWorld) -> None:
    before = world.customer(status="invited")
    spent = replace(before, version=2, lifetime_spend_minor=99_999)
    world.store.before_commit = [MemberChange(member=spent, expected_version=1)]
    invitations.accept(link(world), **ports(world))
    assert (world.member().status, world.member().lifetime_spend_minor) == ("active", 99_999)


def test_who_becomes_a_member_by_accepting_gets_the_sign_up_reward(world: JourneyWorld) -> None:
    world.change_program(action_rewards=(ActionReward("sign_up", 50, 1),))
    world.customer(status="invited")
    invitations.accept(link(world), **ports(world))
    assert world.member().account.points_available == 50
