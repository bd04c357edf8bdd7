"""What vouchers saved a member, and that they used a benefit: each use once, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from loyalty.domain.month_uses import MonthUses
from loyalty.services.savings import Saving, count_saving
from tests.support.journey_fakes import NOON, JourneyWorld

FEBRUARY = NOON.replace(month=2)


@pytest.fixture
def world() -> JourneyWorld:
    world = JourneyWorld()
    world.customer()
    return world


def count(
    world: JourneyWorld,
    version: int,
    amount_minor: int,
    *,
    at: datetime = NOON,
    is_undone: bool = False,
) -> bool:
    saving = Saving("v-1", version, amount_minor, at, is_undone=is_undone)
    return count_saving("m1", saving, store=world.store, program=world.program, clock=world.clock)


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
    told = [(2, 400, False), (3, 400, True), (4, 250, False)]
    for version, amount_minor, is_undone in (told[place] for place in order):
        count(world, version, amount_minor, is_undone=is_undone)
    assert world.member().saved_minor == 250
    assert world.member().uses == (MonthUses("2017-03", benefits=1),)


def test_a_use_without_an_amount_is_a_benefit_too(world: JourneyWorld) -> None:
    count(world, 2, 0)
    assert world.member().uses == (MonthUses("2017-03", benefits=1),)


def test_a_use_belongs_to_the_month_of_its_redemption(world: JourneyWorld) -> None:
    count(world, 2, 400, at=FEBRUARY)
    count(world, 3, 400)
    count(world, 4, 400, at=FEBRUARY, is_undone=True)
    assert world.member().uses == (MonthUses("2017-02"), MonthUses("2017-03", benefits=1))


def test_a_use_makes_a_lapsed_member_active_again(world: JourneyWorld) -> None:
    lapsed = replace(world.member(), status="inactive", inactive_reason="lapsed")
    world.store.members["m1"] = replace(lapsed, status_since=FEBRUARY)
    assert [count(world, 2, 400), count(world, 2, 400)] == [True, False]
    assert (world.member().status, world.member().status_since) == ("active", NOON)
    assert [change.event for change in world.store.history.values()] == ["MemberReactivated"]


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
