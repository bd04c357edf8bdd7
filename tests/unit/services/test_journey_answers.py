"""How the waiting execution learns of the answer, and what silence means."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.contracts.journeys import StatusOutcome
from loyalty.domain.member import EliteStatus
from loyalty.services.journey_answers import (
    GivenAnswer,
    await_answer,
    mark_inactive,
    read_status,
    wake_journey,
)
from loyalty.services.ports import Due, MemberChange
from tests.support.journey_fakes import NOON, JourneyWorld


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def wait(world: JourneyWorld, token: str = "t1") -> None:
    await_answer(
        "m1",
        token,
        store=world.store,
        journeys=world.journeys,
        executions=world.executions,
        clock=world.clock,
    )


def wake(world: JourneyWorld, from_status: EliteStatus, *, accepted: bool = True) -> None:
    answer = GivenAnswer("m1", 7, accepted, from_status, "member/m1")
    wake_journey(answer, journeys=world.journeys, executions=world.executions, clock=world.clock)


def silent(world: JourneyWorld) -> StatusOutcome:
    return mark_inactive("m1", store=world.store, program=world.program, clock=world.clock)


@pytest.mark.parametrize("status", ["invited", "reminded"])
def test_the_token_is_kept_until_the_answer_wakes_the_journey(
    world: JourneyWorld, status: EliteStatus
) -> None:
    world.customer(status=status)
    wait(world)
    assert world.executions.woken == []
    wake(world, status)
    assert world.executions.woken == ["t1"]


@pytest.mark.parametrize("status", ["active", "not_interested"])
def test_an_answer_that_came_before_the_token_wakes_at_once(
    world: JourneyWorld, status: EliteStatus
) -> None:
    world.customer(status=status)
    wake(world, "invited")  # no token yet: nothing to wake
    wait(world)
    assert world.executions.woken == ["t1"]


def test_the_latest_token_is_woken(world: JourneyWorld) -> None:
    world.customer(status="reminded")
    wait(world, "t1")
    wait(world, "t2")
    wake(world, "reminded", accepted=False)
    assert world.executions.woken == ["t2"]


def test_a_late_yes_starts_a_run_for_the_welcome(world: JourneyWorld) -> None:
    for _ in range(2):
        wake(world, "inactive")
    assert world.executions.inputs == {
        "m1-welcome-7": {
            "member_id": "m1",
            "reason": "late_acceptance",
            "correlation_id": "member/m1",
        }
    }


def test_a_late_no_needs_no_run(world: JourneyWorld) -> None:
    wake(world, "inactive", accepted=False)
    assert world.executions.inputs == {}


def test_the_status_is_the_members(world: JourneyWorld) -> None:
    world.customer(status="reminded")
    assert read_status("m1", store=world.store) == StatusOutcome(status="reminded")


def test_silence_makes_inactive_and_plans_the_outreach(world: JourneyWorld) -> None:
    world.customer(status="reminded")
    assert silent(world) == StatusOutcome(status="inactive")
    assert world.member().inactive_reason == "silent"
    period = timedelta(days=world.definition.outreach_period_days)
    assert world.store.due_items == {Due("outreach", NOON + period, "m1")}
    assert silent(world) == StatusOutcome(status="inactive")
    assert world.events() == ["CustomerInactive"]


def test_an_answer_at_the_very_time_out_holds(world: JourneyWorld) -> None:
    before = world.customer(status="reminded")
    accepted = replace(before, version=2, status="active")
    world.store.before_commit = [MemberChange(member=accepted, expected_version=1)]
    assert silent(world) == StatusOutcome(status="active")
    assert not world.store.due_items
