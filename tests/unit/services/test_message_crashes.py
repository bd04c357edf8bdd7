"""A crash between any two calls of a message: it goes out, and twice only where nobody can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from loyalty.domain.member import Identity
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.services.messages import MessageUnsettled
from loyalty.services.points_sms import send_points_sms
from loyalty.services.preferences import record_preferences
from loyalty.services.statement_mail import StatementOutbox, send_statement
from loyalty.services.tier_upgrade_mail import send_tier_upgrade_email
from tests.support.crashes import Crash, Fragile, Fuse
from tests.support.journey_fakes import NOON, FakeCatalogue
from tests.support.sms_fakes import PHONE, PhoneWorld

GOLD = TierStanding((TierSpan("silver", NOON), TierSpan("gold", NOON, "2017-02", "u-1")))
BOTH = (Identity("email", "ann@example.com"), Identity("phone", PHONE))


@dataclass(frozen=True)
class Message:
    """A message that a caller tries to send until it was answered, and what makes it due."""

    name: str
    send: Callable[[PhoneWorld], object]
    prepare: Callable[[PhoneWorld], object] = lambda world: None
    posted: tuple[int, ...] = ()


def tier_mail(world: PhoneWorld) -> None:
    send_tier_upgrade_email(
        "m1", "u-1", "gold", outbox=world.outbox, program=world.program, queue=world.queue
    )


def evaluation_sms(world: PhoneWorld) -> None:
    send_points_sms("m1", "2017-02", 230, outbox=world.sms_outbox)


def first_posting(world: PhoneWorld) -> None:
    """Hear of the day's posting, also again when it was heard of, and get to the next mornings."""
    world.alert(next(iter(world.store.ledger.values())))
    mornings(world)


def later_posting(world: PhoneWorld) -> None:
    for entry in world.store.ledger.values():
        world.alert(entry)
    mornings(world)


def mornings(world: PhoneWorld) -> None:
    at = world.clock.at
    for day in (1, 2):
        world.clock.at = NOON + timedelta(days=day)
        world.send_due()
    world.clock.at = at


def statement(world: PhoneWorld) -> None:
    [due] = [due for due in world.store.due_items if due.due_at.month == 4]
    outbox = StatementOutbox(world.outbox, world.program, FakeCatalogue())
    world.clock.at = max(world.clock.at, due.due_at)
    send_statement(due, outbox=outbox)


def wants_statements(world: PhoneWorld) -> None:
    record_preferences(
        "m1", {"statement": True}, store=world.store, program=world.program, clock=world.clock
    )


MESSAGES = [
    Message("a tier's mail", tier_mail),
    Message("an evaluation's text", evaluation_sms),
    Message("the text on a first posting", first_posting, posted=(51,)),
    Message("a statement", statement, wants_statements),
]


def a_world(message: Message, fuse: Fuse) -> PhoneWorld:
    world = PhoneWorld()
    world.member_with_phone(identities=BOTH, standing=GOLD)
    for points in message.posted:
        world.post(points)
    message.prepare(world)
    fragile: Any = world
    fragile.store = Fragile(world.store, fuse)
    fragile.sender = Fragile(world.sender, fuse)
    fragile.phones = Fragile(world.phones, fuse)
    return world


def number_sent(world: PhoneWorld) -> int:
    return len(world.sender.sent) + len(world.phones.sent)


def crashing(message: Message) -> Iterator[tuple[int, PhoneWorld]]:
    """Yield a world for each place at which the first sending can crash, just after that."""
    for place in count():
        fuse = Fuse()
        world = a_world(message, fuse)
        fuse.left = place
        try:
            message.send(world)
        except (Crash, MessageUnsettled):
            fuse.left = None
            yield place, world
        else:
            return


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_it_goes_out_once_and_twice_only_after_a_crash_around_the_sending(
    message: Message,
) -> None:
    places, twice = 0, 0
    for place, world in crashing(message):
        for _ in range(3):  # a caller that repeats itself, later each time
            world.clock.advance(timedelta(minutes=16))
            message.send(world)
        sent = number_sent(world)
        assert sent in (1, 2), f"sent {sent} times after a crash at place {place}"
        places += 1
        twice += sent == 2
    # After the service took it, before and after the mark was written: nobody can know.
    assert places >= 8
    assert 1 <= twice <= 2


def test_a_days_postings_are_all_told_wherever_it_crashes() -> None:
    places = 0
    for place, world in crashing(Message("a bundle", later_posting, posted=(1, 2, 4))):
        for _ in range(3):
            world.clock.at = NOON
            later_posting(world)
        told = sum(int(text.split("points=")[1].split()[0]) for text in world.phones.texts())
        assert 7 <= told <= 14, f"told {told} points after a crash at place {place}"
        assert number_sent(world) in (1, 2, 3)  # one: all of them in the bundle
        assert not world.store.due_items
        places += 1
    assert places > 20
