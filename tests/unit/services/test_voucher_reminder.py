"""Reminders of vouchers that will soon be over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from loyalty.domain.member import Identity
from loyalty.domain.voucher_codes import shown
from loyalty.domain.vouchers import Voucher
from loyalty.services.due_messages import send_due_messages
from loyalty.services.ports import DUE_SHARDS, Due
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.voucher_reminder import ReminderOutbox, plan_reminder, send_reminder
from tests.support.job_fakes import FakeQueue
from tests.support.journey_fakes import NOON, JourneyWorld
from tests.support.vouchers import a_voucher, amount_terms

EXPIRES_AT = datetime(2017, 4, 1, tzinfo=NOON.tzinfo)
REMIND_AT = EXPIRES_AT - timedelta(days=7)
DUE = Due("voucher_reminder", REMIND_AT, "m1")


class Wallet:
    """A member's vouchers, one on a page."""

    def __init__(self, *vouchers: Voucher) -> None:
        self.vouchers = list(vouchers)

    def vouchers_of(
        self, member_ids: Sequence[str], *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Voucher], str | None]:
        place = int(cursor or 0)
        own = [voucher for voucher in self.vouchers if voucher.member_id in member_ids]
        following = str(place + 1) if place + 1 < len(own) else None
        return own[place : place + 1], following


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def voucher(number: int = 1, *, expires_at: datetime = EXPIRES_AT, **changes: Any) -> Voucher:
    terms = replace(amount_terms(), expires_at=expires_at)
    return replace(a_voucher(terms, number=number, member_id="m1"), **changes)


def plan(world: JourneyWorld, expires_at: datetime = EXPIRES_AT) -> bool:
    return plan_reminder(
        "m1", expires_at, store=world.store, program=world.program, clock=world.clock
    )


def run(world: JourneyWorld, *vouchers: Voucher) -> int:
    world.clock.at = REMIND_AT + timedelta(hours=10)
    store = cast("VoucherStore", Wallet(*vouchers))
    outbox = ReminderOutbox(world.outbox, world.program, store)
    return sum(
        send_due_messages(
            shard,
            world.clock.now(),
            sends={"voucher_reminder": partial(send_reminder, outbox=outbox)},
            store=world.store,
            queue=FakeQueue(),
        )
        for shard in range(DUE_SHARDS)
    )


def test_a_voucher_makes_its_member_due_a_week_before_it_ends(world: JourneyWorld) -> None:
    assert [plan(world), plan(world)] == [True, True]
    assert world.store.due_items == {DUE}


def test_one_that_ends_soon_needs_no_reminder(world: JourneyWorld) -> None:
    assert not plan(world, NOON + timedelta(days=7))
    world.change_program(voucher_reminder_days=0)
    assert not plan(world)
    assert not world.store.due_items


def test_the_reminder_names_what_can_still_be_used_and_its_last_day(world: JourneyWorld) -> None:
    world.customer()
    plan(world)
    later = voucher(2, expires_at=EXPIRES_AT + timedelta(days=30))
    redeemed = voucher(3, state="redeemed", remaining_minor=0)
    partly = voucher(1, remaining_minor=400)
    assert run(world, later, redeemed, partly) == 1
    [mail] = world.sender.sent
    assert (mail.subject, mail.headers) == ("voucher_reminder", {})
    assert mail.text.count("worth") == 1
    assert "4.00 EUR off" in mail.text
    assert "datetime.date(2017, 3, 31)" in mail.text
    assert not world.store.due_items


@pytest.mark.parametrize("is_verified", [True, False])
def test_an_address_that_nobody_confirmed_gets_no_code(
    world: JourneyWorld, is_verified: bool
) -> None:
    world.customer(identities=(Identity("email", "ada@example.org", is_verified),))
    plan(world)
    run(world, voucher())
    [mail] = world.sender.sent
    assert (shown(voucher().code) in mail.text) == is_verified
    assert "worth" in mail.text


def test_one_mail_names_the_vouchers_of_who_was_merged_too(world: JourneyWorld) -> None:
    world.customer(absorbed=("bob",))
    world.customer(member_id="bob", status="merged", merged_into="m1")
    plan(world)
    bobs_due = Due("voucher_reminder", REMIND_AT + timedelta(hours=1), "bob")
    world.store.due_items.add(bobs_due)
    bobs = replace(voucher(2, expires_at=EXPIRES_AT + timedelta(hours=1)), member_id="bob")
    assert run(world, voucher(), bobs) == 2
    [mail] = world.sender.sent
    assert mail.text.count("worth") == 2
    assert not world.store.due_items


def test_a_repeated_run_reminds_nobody_again(world: JourneyWorld) -> None:
    world.customer()
    plan(world)
    run(world, voucher())
    world.store.due_items.add(DUE)  # its removal was lost
    run(world, voucher())
    assert len(world.sender.sent) == 1


@pytest.mark.parametrize("state", ["redeemed", "cancelled", "expired"])
def test_without_a_usable_voucher_there_is_no_mail(world: JourneyWorld, state: str) -> None:
    world.customer()
    plan(world)
    assert run(world, voucher(state=state)) == 1
    assert not world.sender.sent
    assert not world.store.due_items


@pytest.mark.parametrize(
    "fields",
    [
        {"identities": ()},
        {"suppressed": {"email": "bounce"}},
        {"preferences": {"voucher_reminder": False}},
        {"status": "left"},
    ],
    ids=["no address", "bounced", "switched off", "left"],
)
def test_who_gets_none(world: JourneyWorld, fields: dict[str, Any]) -> None:
    world.customer(**fields)
    plan(world)
    assert run(world, voucher()) == 1
    assert not world.sender.sent
