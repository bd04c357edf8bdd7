"""Win-back: once for a lapse, to those who may be written to and are still lapsed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Consent
from loyalty.domain.messaging import HOUR
from loyalty.domain.month_uses import MonthUses
from loyalty.services.ports import Due, EmailInDoubt, EmailRefused
from loyalty.services.win_back import SENT, SUPPRESSED, WinBackOutbox, send_win_back
from tests.support.crashes import Crash, Fragile, Fuse
from tests.support.journey_fakes import JourneyWorld

TEN = datetime(2017, 4, 2, 10, tzinfo=UTC)
LAPSED_IN_MARCH = MonthUses("2017-03", lapsed=True)


@pytest.fixture
def world() -> JourneyWorld:
    world = JourneyWorld()
    world.clock.at = TEN
    return world


def lapsed(world: JourneyWorld, member_id: str = "m1", **fields: Any) -> Due:
    """Store a member who lapsed in March, and return what they are due."""
    known = {"status": "inactive", "inactive_reason": "lapsed", "uses": (LAPSED_IN_MARCH,)}
    world.customer(member_id, **(known | fields))
    return Due("win_back", TEN, member_id)


def send(world: JourneyWorld, due: Due) -> SendOutcome:
    return send_win_back(due, outbox=WinBackOutbox(world.outbox, world.program))


def test_a_lapsed_member_gets_the_portal_s_link_once(world: JourneyWorld) -> None:
    due = lapsed(world)
    assert [send(world, due), send(world, due)] == [SENT, SENT]
    [mail] = world.sender.sent
    assert mail.subject == "win_back"
    assert "portal_url: https://elite.example/portal" in mail.text
    assert mail.tags["message_id"] == "win-back-2017-03"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert world.events() == ["WinBackSent"]
    assert world.member().marketing_sent_at == (TEN,)


def test_whoever_lapses_again_is_written_to_again(world: JourneyWorld) -> None:
    send(world, lapsed(world))
    again = (LAPSED_IN_MARCH, MonthUses("2017-05", lapsed=True))
    world.store.members["m1"] = replace(world.member(), uses=again)
    world.clock.at = datetime(2017, 6, 2, 10, tzinfo=UTC)
    send(world, Due("win_back", world.clock.at, "m1"))
    assert world.sender.message_ids() == {"win-back-2017-03": 1, "win-back-2017-05": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "active", "inactive_reason": None},
        {"inactive_reason": "silent"},
        {"consents": {"email": Consent(granted=False, recorded_at=TEN, source="test")}},
        {"suppressed": {"email": "bounce"}},
        {"identities": ()},
    ],
    ids=["active again", "silent", "opted out", "bounced", "no address"],
)
def test_nobody_else_is_written_to(world: JourneyWorld, changed: dict[str, Any]) -> None:
    due = lapsed(world, **changed)
    assert send(world, due) == SUPPRESSED
    assert (world.sender.sent, world.events()) == ([], [])


@pytest.mark.parametrize("hour", [21, 3])
def test_quiet_hours_wait(world: JourneyWorld, hour: int) -> None:
    due = lapsed(world)
    world.clock.at = TEN.replace(hour=hour)
    assert send(world, due) == SendOutcome.later(world.clock.at + HOUR)
    assert not world.sender.sent


def test_a_pause_waits(world: JourneyWorld) -> None:
    world.change_program(journeys_paused=True)
    assert send(world, lapsed(world)).outcome == "not_before"


def test_over_the_weekly_limit_the_member_is_due_later(world: JourneyWorld) -> None:
    first = TEN - timedelta(days=6)
    due = lapsed(world, marketing_sent_at=(first, TEN - timedelta(days=1)))
    assert send(world, due) == SUPPRESSED
    [later] = world.store.due_items
    assert later == Due("win_back", first + timedelta(days=7), "m1")
    world.clock.at = later.due_at
    assert send(world, later) == SENT
    assert world.sender.message_ids() == {"win-back-2017-03": 1}


def test_a_refused_mail_is_tried_again_and_told_of_once(world: JourneyWorld) -> None:
    due = lapsed(world)
    world.sender.failures = [EmailRefused(takes_none=True)]
    with pytest.raises(EmailRefused):
        send(world, due)
    assert send(world, due) == SENT
    assert world.events() == ["WinBackSent"]
    assert world.member().marketing_sent_at == (TEN,)


def test_a_mail_in_doubt_counts_as_sent(world: JourneyWorld) -> None:
    due = lapsed(world)
    world.sender.failures = [EmailInDoubt()]
    assert [send(world, due), send(world, due)] == [SENT, SENT]
    assert not world.sender.sent


def test_after_a_merge_the_survivor_decides(world: JourneyWorld) -> None:
    due = lapsed(world)
    world.store.members["m1"] = replace(world.member(), status="merged", merged_into="m2")
    world.customer("m2", status="active")
    assert send(world, due) == SUPPRESSED
    world.store.members["m2"] = replace(world.member("m2"), status="left")
    with pytest.raises(MemberNotFound):
        send(world, due)


def test_wherever_it_crashes_nothing_is_sent_twice(world: JourneyWorld) -> None:
    places = 0
    for place in count():
        again, fuse = JourneyWorld(), Fuse()
        again.clock.at = TEN
        due = lapsed(again)
        fuse.left = place
        fragile: Any = again
        fragile.store, fragile.sender = Fragile(again.store, fuse), Fragile(again.sender, fuse)
        try:
            send(again, due)
        except Crash:
            places += 1
            fuse.left = None
            for _ in range(2):
                send(again, due)
            assert len(again.sender.sent) <= 1, f"after a crash at place {place}"
        else:
            break
    assert places >= 8


def test_somebody_else_being_faster_sends_nothing_twice(world: JourneyWorld) -> None:
    due = lapsed(world)
    world.store.meanwhile = lambda: send(world, due)
    assert send(world, due) == SENT
    assert world.sender.message_ids() == {"win-back-2017-03": 1}
