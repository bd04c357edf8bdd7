"""When a sweep of the Elite threshold is owed, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.services.ports import MEMBER_SHARDS
from loyalty.services.shards import member_shard
from loyalty.services.sweep_threshold import SweepIncomplete, summarize_sweep
from tests.support.swept_shop import BUILT_IN, HOUR, SweptShop


@pytest.fixture
def program() -> SweptShop:
    return SweptShop()


def test_is_never_owed_before_a_version_was_saved() -> None:
    program = SweptShop()
    program.shop.program.definitions = [BUILT_IN]
    program.a_customer(40_000)
    assert program.plan() == ()
    assert program.reports.documents == {}


def test_is_owed_for_the_first_version_that_is_lower_than_the_built_in_one() -> None:
    program = SweptShop()
    program.shop.program.definitions = [BUILT_IN]
    member_id = program.a_customer(40_000)
    program.save(30_000)
    assert program.sweep() is not None
    assert len(program.crossings(member_id)) == 1


def test_is_owed_from_the_version_s_time_on(program: SweptShop) -> None:
    member_id = program.a_customer(40_000)
    program.save(30_000, after=HOUR * 3)
    for _ in range(3):
        assert program.sweep() is None
    assert program.crossings(member_id) == []
    assert program.sweep() is not None
    assert len(program.crossings(member_id)) == 1


def test_a_first_version_of_later_waits_for_its_time() -> None:
    program = SweptShop()
    program.shop.program.definitions = [BUILT_IN]
    program.save(30_000, after=HOUR * 2)
    # Stores take the first version for the one in force before its time, too.
    program.shop.program.definitions = program.shop.program.definitions[1:]
    assert program.plan() == ()


def test_is_owed_only_when_no_copy_of_the_program_can_be_older(program: SweptShop) -> None:
    program.save(30_000)
    program.shop.clock.advance(timedelta(minutes=5) - timedelta(microseconds=1))
    assert program.plan() == ()
    program.shop.clock.advance(timedelta(microseconds=1))
    assert program.plan() == tuple(range(MEMBER_SHARDS))


def test_is_not_owed_when_the_threshold_is_raised(program: SweptShop) -> None:
    member_id = program.a_customer(49_999)
    program.save(60_000)
    assert program.sweep() is None
    assert program.crossings(member_id) == []


def test_is_not_owed_when_something_else_changes(program: SweptShop) -> None:
    program.save_something_else()
    assert program.sweep() is None


def test_is_owed_when_a_raised_one_is_lowered_again(program: SweptShop) -> None:
    program.save(60_000)
    program.sweep()
    member_id = program.a_customer(55_000)
    program.save(50_000)
    assert program.sweep() is not None
    assert len(program.crossings(member_id)) == 1


def test_is_owed_when_it_was_raised_and_lowered_between_two_plans(program: SweptShop) -> None:
    program.save(60_000)
    member_id = program.a_customer(55_000)
    program.save(50_000)
    program.save_something_else()
    assert program.sweep() is not None
    assert len(program.crossings(member_id)) == 1


def test_is_not_owed_when_a_lowered_one_was_taken_back_in_time(program: SweptShop) -> None:
    member_id = program.a_customer(40_000)
    program.save(30_000)
    program.save(50_000)
    assert program.sweep() is None
    assert program.crossings(member_id) == []


def test_is_owed_once(program: SweptShop) -> None:
    program.save(30_000)
    assert program.sweep() is not None
    assert program.sweep() is None


def test_is_owed_again_when_a_sweep_stopped(program: SweptShop) -> None:
    first, second = program.a_customer(40_000), program.a_customer(40_001)
    program.save(30_000)
    program.shop.clock.advance(HOUR)
    program.sweep_shard(member_shard(first), "stopped")
    with pytest.raises(SweepIncomplete):
        summarize_sweep("stopped", 2, reports=program.reports, clock=program.shop.clock)
    assert program.sweep("next") is not None
    assert [len(program.crossings(each)) for each in (first, second)] == [1, 1]
    assert program.plan() == ()
