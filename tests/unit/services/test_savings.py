"""What vouchers saved a member: each use once, in any order, following merges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.services.savings import count_saving
from tests.support.journey_fakes import JourneyWorld


@pytest.fixture
def world() -> JourneyWorld:
    world = JourneyWorld()
    world.customer()
    return world


def count(world: JourneyWorld, version: int, amount_minor: int) -> bool:
    return count_saving("m1", "v-1", version, amount_minor, store=world.store)


def test_a_use_counts_once(world: JourneyWorld) -> None:
    assert [count(world, 2, 400), count(world, 2, 400)] == [True, False]
    assert world.member().saved_minor == 400


def test_a_use_takes_one_read_and_one_transaction(world: JourneyWorld) -> None:
    count(world, 2, 400)
    assert world.store.requests == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_uses_and_their_undoing_come_in_any_order(
    world: JourneyWorld, order: tuple[int, ...]
) -> None:
    told = [(2, 400), (3, -400), (4, 250)]
    for place in order:
        count(world, *told[place])
    assert world.member().saved_minor == 250


def test_somebody_else_being_faster_loses_nothing(world: JourneyWorld) -> None:
    world.store.refusals = 2
    assert count(world, 2, 400)
    assert world.member().saved_minor == 400


def test_after_a_merge_the_survivor_has_saved_it(world: JourneyWorld) -> None:
    world.customer("m2")
    world.store.members["m1"] = replace(world.member(), status="merged", merged_into="m2")
    assert [count(world, 2, 400), count(world, 2, 400)] == [True, False]
    assert world.member("m2").saved_minor == 400


def test_who_has_gone_saves_nothing(world: JourneyWorld) -> None:
    world.customer("m1", status="erased")
    assert not count(world, 2, 400)
