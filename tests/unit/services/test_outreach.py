"""Outreach to the silent: period, limit, opt-out, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.journeys import OutreachCounts, OutreachPage, OutreachRun, OutreachTask
from loyalty.domain.member import Consent
from loyalty.services.outreach import (
    PAGE_SIZE,
    plan_outreach,
    send_outreach,
    summarize_outreach,
)
from loyalty.services.ports import DUE_SHARDS, Due, EmailInDoubt, EmailRefused
from loyalty.services.shards import due_shard
from tests.support.job_fakes import FakeReports
from tests.support.journey_fakes import NOON, JourneyWorld

PERIOD = timedelta(days=28)
OPT_OUT = {"email": Consent(granted=False, recorded_at=NOON, source="test")}


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def silent(world: JourneyWorld, member_id: str = "m1", **fields: Any) -> None:
    """Store a customer who never answered and is due now."""
    world.customer(member_id, **({"status": "inactive", "inactive_reason": "silent"} | fields))
    world.store.due_items.add(Due("outreach", world.clock.now(), member_id))


def run(world: JourneyWorld, member_id: str = "m1") -> OutreachPage:
    """Walk over the customer's shard as a run that starts now does."""
    until = plan_outreach(clock=world.clock).until
    task = OutreachTask(shard=due_shard(member_id), until=until)
    return send_outreach(task, outbox=world.outbox, program=world.program)


def test_a_run_covers_all_shards_and_is_cut_to_the_minute(world: JourneyWorld) -> None:
    world.clock.advance(timedelta(seconds=42, microseconds=7))
    plan = plan_outreach(clock=world.clock)
    assert (plan.shards, plan.until) == (tuple(range(DUE_SHARDS)), NOON)


def test_the_silent_get_the_join_link_and_the_unsubscribe_link(world: JourneyWorld) -> None:
    silent(world)
    assert run(world) == OutreachPage(sent=1, skipped=0, more=False)
    [mail] = world.sender.sent
    assert mail.subject == "outreach"
    assert mail.tags["message_id"] == "outreach-1"
    assert "List-Unsubscribe" in mail.headers
    token = world.link_in(mail)
    assert world.links.verify("invitation", token, now=NOON).member_id == "m1"
    assert world.events() == ["OutreachSent"]


def test_nobody_is_written_to_twice_in_a_period(world: JourneyWorld) -> None:
    silent(world)
    run(world)
    assert run(world) == OutreachPage(sent=0, skipped=0, more=False)
    world.clock.advance(PERIOD - timedelta(minutes=1))
    assert run(world).sent == 0
    world.clock.advance(timedelta(minutes=1))
    assert run(world).sent == 1
    assert world.sender.message_ids() == {"outreach-1": 1, "outreach-2": 1}


def test_the_limit_ends_it(world: JourneyWorld) -> None:
    world.change_program(outreach_limit=2)
    silent(world)
    for _ in range(4):
        run(world)
        world.clock.advance(PERIOD)
    assert len(world.sender.sent) == 2
    assert not world.store.due_items


@pytest.mark.parametrize(
    "fields",
    [
        {"consents": OPT_OUT},
        {"suppressed": {"email": "complaint"}},
        {"identities": ()},
        {"status": "active", "inactive_reason": None},
        {"status": "not_interested", "inactive_reason": None},
        {"inactive_reason": "lapsed"},
        {"status": "erased", "inactive_reason": None},
        {"outreach_sent": 6},
    ],
)
def test_who_must_not_be_written_to_is_struck_off(
    world: JourneyWorld, fields: dict[str, Any]
) -> None:
    silent(world, **fields)
    assert run(world) == OutreachPage(sent=0, skipped=1, more=False)
    assert not world.sender.sent
    assert not world.store.due_items


def test_in_quiet_hours_and_pauses_all_stay_due(world: JourneyWorld) -> None:
    silent(world)
    due = set(world.store.due_items)
    world.clock.advance(timedelta(hours=10))
    assert run(world) == OutreachPage(sent=0, skipped=0, more=False)
    world.clock.advance(timedelta(hours=14))
    world.change_program(journeys_paused=True)
    assert run(world) == OutreachPage(sent=0, skipped=0, more=False)
    assert world.store.due_items == due


def test_the_weekly_limit_puts_off(world: JourneyWorld) -> None:
    day = timedelta(days=1)
    silent(world, marketing_sent_at=(NOON - 5 * day, NOON - day))
    assert run(world) == OutreachPage(sent=0, skipped=1, more=False)
    assert world.store.due_items == {Due("outreach", NOON + 2 * day, "m1")}


def test_a_refused_mail_waits_for_the_next_period(world: JourneyWorld) -> None:
    silent(world)
    world.sender.failures = [EmailRefused()]
    assert run(world) == OutreachPage(sent=0, skipped=1, more=False)
    assert world.store.messages["m1", "outreach-1"].state == "failed"
    assert run(world).sent == 0
    world.clock.advance(PERIOD)
    assert run(world).sent == 1


def test_while_no_mail_is_taken_all_stay_due(world: JourneyWorld) -> None:
    world.change_program(outreach_limit=2)
    silent(world)
    for number in (1, 2):
        due = set(world.store.due_items)
        world.sender.failures = [EmailRefused(takes_none=True), EmailRefused(takes_none=True)]
        for _ in range(2):
            with pytest.raises(EmailRefused):
                run(world)
            assert world.store.due_items == due
        # The run's next try, or the next week's run.
        world.clock.advance(timedelta(days=7 * (number - 1)))
        assert run(world).sent == 1
        assert run(world).sent == 0
        world.clock.advance(PERIOD - timedelta(minutes=1))
        assert run(world).sent == 0
        world.clock.advance(timedelta(minutes=1))
    assert world.sender.message_ids() == {"outreach-1": 1, "outreach-2": 1}
    assert world.events() == ["OutreachSent", "OutreachSent"]
    assert run(world).sent == 0


def test_a_mail_that_was_put_back_needs_consent_again(world: JourneyWorld) -> None:
    silent(world)
    world.sender.failures = [EmailRefused(takes_none=True)]
    with pytest.raises(EmailRefused):
        run(world)
    world.store.members["m1"] = replace(world.store.members["m1"], consents=OPT_OUT)
    assert run(world) == OutreachPage(sent=0, skipped=1, more=False)
    assert not world.store.due_items


def test_a_mail_in_doubt_counts_as_sent(world: JourneyWorld) -> None:
    silent(world)
    world.sender.failures = [EmailInDoubt()]
    assert run(world).sent == 1
    assert run(world).sent == 0


def test_a_shard_is_walked_over_page_by_page(world: JourneyWorld) -> None:
    ids = [f"m{n}" for n in range(1000) if due_shard(f"m{n}") == 0][: PAGE_SIZE + 3]
    for member_id in ids:
        silent(world, member_id)
    assert run(world, ids[0]) == OutreachPage(sent=PAGE_SIZE, skipped=0, more=True)
    assert run(world, ids[0]) == OutreachPage(sent=3, skipped=0, more=False)


def test_two_runs_at_once_write_once(world: JourneyWorld) -> None:
    silent(world)
    before_sending = []

    def other_run(_: object) -> None:
        if not before_sending:
            before_sending.append(True)
            run(world)

    world.sender.before_sending = other_run
    run(world)
    assert world.sender.message_ids() == {"outreach-1": 1}


def test_the_runs_result_is_kept() -> None:
    reports = FakeReports()
    shards = (OutreachCounts(sent=3, skipped=1), OutreachCounts(sent=2))
    result = OutreachRun(run_id="weekly-1", until=NOON, shards=shards)
    assert summarize_outreach(result, reports=reports) == OutreachCounts(sent=5, skipped=1)
    assert reports.documents == {
        "outreach": {"weekly-1": {"sent": 5, "skipped": 1, "until": "2017-03-01T12:00:00Z"}}
    }
