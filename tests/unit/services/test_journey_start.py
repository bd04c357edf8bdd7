"""How journeys begin: once per reason, with one variant."""

from __future__ import annotations

import pytest

from loyalty.contracts.journeys import JourneyInput, StartReason
from loyalty.services.journey_start import assign_variant, run_name, start_journey
from tests.support.journey_fakes import JourneyWorld


@pytest.fixture
def world() -> JourneyWorld:
    return JourneyWorld()


def begin(world: JourneyWorld, reason: StartReason = "threshold_crossed", version: int = 3) -> bool:
    journey = JourneyInput(member_id="m1", reason=reason, correlation_id="order/shop/1")
    return start_journey(
        journey,
        version,
        journeys=world.journeys,
        executions=world.executions,
        clock=world.clock,
    )


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("threshold_crossed", "m1"),
        ("consent_given", "m1-consent-3"),
        ("late_acceptance", "m1-welcome-3"),
    ],
)
def test_the_execution_is_named_after_the_customer(reason: StartReason, name: str) -> None:
    assert run_name("m1", reason, 3) == name


def test_a_journey_starts_once(world: JourneyWorld) -> None:
    assert [begin(world), begin(world)] == [True, False]
    assert world.executions.inputs == {
        "m1": {
            "member_id": "m1",
            "reason": "threshold_crossed",
            "correlation_id": "order/shop/1",
        }
    }


def test_a_claim_that_never_started_is_made_good(world: JourneyWorld) -> None:
    world.journeys.claim_run("elite_journey", "m1")
    assert begin(world)
    assert "m1" in world.executions.inputs


def test_every_new_consent_starts_a_run_of_its_own(world: JourneyWorld) -> None:
    assert begin(world, "consent_given", 5)
    assert begin(world, "consent_given", 9)
    assert set(world.executions.inputs) == {"m1-consent-5", "m1-consent-9"}


def test_the_drawn_variant_and_its_windows_hold_to_the_end(world: JourneyWorld) -> None:
    world.customer()
    before = assign_variant("m1", store=world.store, program=world.program, clock=world.clock)
    world.change_program(variants=(world.definition.variants[1],))
    after = assign_variant("m1", store=world.store, program=world.program, clock=world.clock)
    assert before == after
    assert (before.variant, before.program_version, before.held_out) == ("standard", 0, False)
    assert before.invite_window_seconds == 14 * 24 * 3600
    assert not world.store.history


def test_the_hold_out_is_told_apart_once(world: JourneyWorld) -> None:
    world.customer(variant="hold_out")
    for _ in range(2):
        assigned = assign_variant("m1", store=world.store, program=world.program, clock=world.clock)
        assert assigned.held_out
    assert world.events() == ["CustomerHeldOut"]
