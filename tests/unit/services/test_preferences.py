"""Preferences and the monthly statement that they switch on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.ledger import Account, Lot
from loyalty.domain.member import Member, Preference
from loyalty.domain.preferences import all_preferences
from loyalty.domain.rewards import Reward
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.services.due_messages import send_due_messages
from loyalty.services.ports import DUE_SHARDS, Due, EmailInDoubt
from loyalty.services.preferences import record_preferences
from loyalty.services.statement_mail import StatementOutbox, amount_text, send_statement
from tests.support.job_fakes import FakeQueue
from tests.support.journey_fakes import NOON, FakeCatalogue, JourneyWorld

FOURTH_OF_APRIL = datetime(2017, 4, 4, tzinfo=UTC)
FOURTH_OF_MAY = datetime(2017, 5, 4, tzinfo=UTC)
DUE = Due("statement", FOURTH_OF_APRIL, "m1")
NEXT = Due("statement", FOURTH_OF_MAY, "m1")


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def say(world: JourneyWorld, **said: bool) -> Member:
    wanted: dict[Preference, bool] = said  # type: ignore[assignment]
    return record_preferences(
        "m1", wanted, store=world.store, program=world.program, clock=world.clock
    )


def a_member(world: JourneyWorld, **fields: Any) -> Member:
    known: dict[str, Any] = {
        "status": "active",
        "joined_at": NOON,
        "standing": TierStanding((TierSpan("silver", NOON),)),
        "account": Account(lots=(Lot(datetime(2018, 4, 1, tzinfo=UTC), 120),)),
        "months": (MonthTotals("2017-03", spend_minor=60_000, points_due=60),),
        "saved_minor": 1_250,
    }
    return world.customer(**(known | fields))


def run(world: JourneyWorld) -> int:
    """Send the statements that are due; return how many due items are done with."""
    catalogue = FakeCatalogue(
        Reward("mug", 1, "Mug", "product", 50), Reward("trip", 1, "Trip", "access", 500)
    )
    outbox = StatementOutbox(world.outbox, world.program, catalogue)
    return sum(
        send_due_messages(
            shard,
            world.clock.now(),
            sends={"statement": partial(send_statement, outbox=outbox)},
            store=world.store,
            queue=FakeQueue(),
        )
        for shard in range(DUE_SHARDS)
    )


class TestPreferences:
    def test_what_nobody_said(self, world: JourneyWorld) -> None:
        assert all_preferences(world.customer()) == {
            "points_sms": True,
            "tier_mail": True,
            "statement": False,
            "voucher_reminder": True,
            "profiling": True,
        }

    def test_what_was_said_holds_and_is_a_fact_once(self, world: JourneyWorld) -> None:
        world.customer()
        for _ in range(2):
            assert say(world, points_sms=False).version == 2
        assert not all_preferences(world.member())["points_sms"]
        assert world.events() == ["PreferenceChanged"]
        [fact] = world.store.history.values()
        assert fact.data == {"preference": "points_sms", "wanted": False}

    def test_saying_what_holds_anyway_is_kept_but_no_news(self, world: JourneyWorld) -> None:
        world.customer()
        assert say(world, tier_mail=True).preferences == {"tier_mail": True}
        assert world.events() == []

    def test_nothing_said_changes_nothing(self, world: JourneyWorld) -> None:
        world.customer()
        assert say(world).version == 1

    def test_who_is_gone_has_none(self, world: JourneyWorld) -> None:
        world.customer(status="left")
        with pytest.raises(MemberNotFound):
            say(world, statement=True)

    def test_a_decision_on_an_old_reading_is_made_again(self, world: JourneyWorld) -> None:
        world.customer()
        world.store.refusals = 1
        assert say(world, statement=True).preferences == {"statement": True}
        assert world.store.due_items == {DUE}


class TestStatement:
    def test_switching_it_on_makes_the_next_one_due(self, world: JourneyWorld) -> None:
        a_member(world)
        for _ in range(2):
            say(world, statement=True)
        assert world.store.due_items == {DUE}

    def test_it_tells_where_the_member_stands_and_makes_the_next_one_due(
        self, world: JourneyWorld
    ) -> None:
        a_member(world)
        say(world, statement=True)
        world.clock.at = FOURTH_OF_APRIL + timedelta(hours=10)
        assert run(world) == 1
        [mail] = world.sender.sent
        assert (mail.subject, mail.headers) == ("statement", {})
        assert mail.tags["message_id"] == "statement-2017-03"
        assert "month: 2017-03-01" in mail.text
        assert "earned: 60" in mail.text
        assert "saved: 12.50 EUR" in mail.text
        assert "next_tier: Gold" in mail.text
        assert "tier_missing: 400.00 EUR" in mail.text
        assert "reward_id='mug'" in mail.text
        assert world.store.due_items == {NEXT}
        assert run(world) == 0

    def test_a_second_run_of_the_day_sends_nothing(self, world: JourneyWorld) -> None:
        a_member(world)
        say(world, statement=True)
        world.clock.at = FOURTH_OF_APRIL
        run(world)
        world.store.due_items.add(DUE)  # its removal was lost
        assert run(world) == 1
        assert len(world.sender.sent) == 1
        assert world.store.due_items == {NEXT}

    def test_who_switched_it_off_gets_none_any_more(self, world: JourneyWorld) -> None:
        a_member(world)
        say(world, statement=True)
        say(world, statement=False)
        world.clock.at = FOURTH_OF_APRIL
        assert run(world) == 1
        assert not world.sender.sent
        assert not world.store.due_items

    def test_who_cannot_be_reached_is_due_again_next_month(self, world: JourneyWorld) -> None:
        a_member(world, suppressed={"email": "bounce"})
        say(world, statement=True)
        world.clock.at = FOURTH_OF_APRIL
        run(world)
        assert not world.sender.sent
        assert world.store.due_items == {NEXT}

    def test_who_left_is_due_nothing(self, world: JourneyWorld) -> None:
        a_member(world)
        say(world, statement=True)
        a_member(world, version=5, status="left")
        world.clock.at = FOURTH_OF_APRIL
        assert run(world) == 1
        assert not world.store.due_items

    def test_one_in_doubt_goes_out_once_more(self, world: JourneyWorld) -> None:
        a_member(world)
        say(world, statement=True)
        world.clock.at = FOURTH_OF_APRIL
        world.sender.failures = [EmailInDoubt("no answer")]
        assert run(world) == 0
        assert world.store.due_items == {DUE}
        world.clock.advance(timedelta(days=1))
        assert run(world) == 1
        assert world.sender.message_ids() == {"statement-2017-03-again": 1}
        assert world.store.due_items == {NEXT}


def test_amounts_are_written_as_people_read_them(world: JourneyWorld) -> None:
    assert amount_text(123_450, world.definition) == "1,234.50 EUR"
    assert amount_text(5, world.definition) == "0.05 EUR"
