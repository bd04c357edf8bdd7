"""A crash between any two AWS calls of a step of an upgrade: a retry ends as if nothing had been.

Whether an execution was woken is left out: a token that is no longer awaited is success.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.tier_upgrades import UpgradeInput
from loyalty.services.change_profile import change_profile
from loyalty.services.task_waits import await_decision, remind_task, withdraw_task
from loyalty.services.tier_upgrade import (
    gift_task_id,
    reject_upgrade,
    review_task_id,
    start_upgrade,
    upgrade_tier,
)
from tests.support.crashes import UseCase
from tests.support.examples import NOW
from tests.support.fakes import FakeIds
from tests.support.upgrades import UPGRADE, UPGRADE_ID, UPGRADED, UpgradeWorld

REVIEW, GIFT = review_task_id(FakeIds(), UPGRADE_ID), gift_task_id(FakeIds(), UPGRADE_ID)
PROPOSED = UpgradeInput(
    upgrade_id=UPGRADE_ID,
    member_id="ada",
    to_tier="platinum",
    reason="proposed",
    correlation_id="member/ada",
    started_at=NOW,
)


def in_review() -> UpgradeWorld:
    world = UpgradeWorld()
    world.open_review()
    return world


def upgraded() -> UpgradeWorld:
    return UpgradeWorld(UPGRADED)


def with_a_gift() -> UpgradeWorld:
    world = upgraded()
    world.open_gift()
    return world


def later() -> UpgradeWorld:
    world = in_review()
    world.clock.advance(timedelta(days=15))
    return world


def everything_stored(world: UpgradeWorld) -> object:
    store = world.store
    return (
        store.members,
        store.tasks,
        store.history,
        world.tasks.tokens,
        world.journeys.started,
        world.executions.inputs,
    )


def of_the_upgrade(
    name: str,
    act: Callable[[UpgradeWorld], object],
    prepare: Callable[[], UpgradeWorld] = in_review,
    ports: tuple[str, ...] = ("store", "tasks"),
) -> UseCase[Any]:
    return UseCase(name, prepare, act, everything_stored, ports)


USE_CASES = [
    of_the_upgrade(
        "the start",
        lambda world: start_upgrade(
            PROPOSED, **world.ports("journeys", "executions", "program", "clock")
        ),
        UpgradeWorld,
        ("journeys", "executions"),
    ),
    of_the_upgrade("the review opened", UpgradeWorld.open_review, UpgradeWorld),
    of_the_upgrade(
        "the wait",
        lambda world: await_decision(
            REVIEW, "token", **world.ports("tasks", "executions", "clock")
        ),
        ports=("tasks", "executions"),
    ),
    of_the_upgrade("the decision", lambda world: world.decide(REVIEW, "approved")),
    of_the_upgrade(
        "the reminder",
        lambda world: remind_task(REVIEW, NOW, **world.ports("tasks", "store", "program", "clock")),
        later,
    ),
    of_the_upgrade(
        "the withdrawal",
        lambda world: withdraw_task(REVIEW, **world.ports("tasks", "store", "clock")),
    ),
    of_the_upgrade(
        "the yes", lambda world: upgrade_tier(UPGRADE, **world.ports("store", "program", "clock"))
    ),
    of_the_upgrade(
        "the no", lambda world: reject_upgrade(UPGRADE, **world.ports("store", "program", "clock"))
    ),
    of_the_upgrade("the gift opened", UpgradeWorld.open_gift, upgraded),
    of_the_upgrade("the gift packed", lambda world: world.decide(GIFT, "packed"), with_a_gift),
    of_the_upgrade(
        "the gift sent",
        lambda world: world.decide(GIFT, "dispatched", tracking="1Z"),
        with_a_gift,
    ),
    of_the_upgrade(
        "the address",
        lambda world: change_profile("ada", {"address": "Ockham Park"}, store=world.store),
        ports=("store",),
    ),
]


@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda use_case: use_case.name)
def test_a_retry_after_a_crash_ends_as_if_nothing_had_been(use_case: UseCase[Any]) -> None:
    expected, places = use_case.undisturbed()
    assert expected != use_case.state(use_case.prepare()), "it writes something"
    assert places >= 4, "it reads and writes"
    for place, state in use_case.crashed(places):
        assert state == expected, f"after a crash at place {place} of {places}"
