"""Waiting for staff: woken by the decision, else reminding, and withdrawing what is off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from loyalty.contracts.tier_upgrades import RemindedStatus
from loyalty.domain.errors import TaskNotFound
from loyalty.domain.tasks import Task
from loyalty.services.task_waits import (
    await_decision,
    read_status,
    remind_task,
    wake_task,
    withdraw_task,
)
from tests.support.examples import NOW
from tests.support.upgrades import IN_REVIEW, UNDONE, UPGRADED, UpgradeWorld

DAY = timedelta(days=1)


@pytest.fixture
def world() -> UpgradeWorld:
    return UpgradeWorld()


@pytest.fixture
def task_id(world: UpgradeWorld) -> str:
    return world.open_review().task_id


def wait(world: UpgradeWorld, task_id: str, token: str = "token") -> None:
    await_decision(task_id, token, **world.ports("tasks", "executions", "clock"))


def wake(world: UpgradeWorld, task_id: str) -> bool:
    return wake_task(task_id, **world.ports("tasks", "executions"))


def reminded(
    world: UpgradeWorld, task_id: str, after: timedelta, started_at: datetime = NOW
) -> RemindedStatus:
    world.clock.at = NOW + after
    return remind_task(task_id, started_at, **world.ports("tasks", "store", "program", "clock"))


class TestWaking:
    def test_a_decision_finds_the_token(self, world: UpgradeWorld, task_id: str) -> None:
        wait(world, task_id)
        assert world.executions.woken == []
        world.decide(task_id, "approved")
        assert wake(world, task_id)
        assert world.executions.woken == ["token"]

    def test_a_token_finds_the_decision(self, world: UpgradeWorld, task_id: str) -> None:
        world.decide(task_id, "approved")
        assert not wake(world, task_id)
        wait(world, task_id)
        assert world.executions.woken == ["token"]

    def test_the_latest_token_is_woken(self, world: UpgradeWorld, task_id: str) -> None:
        wait(world, task_id, "first")
        wait(world, task_id, "second")
        wake(world, task_id)
        assert world.executions.woken == ["second"]

    def test_a_packed_gift_is_still_waited_for(self) -> None:
        world = UpgradeWorld(UPGRADED)
        task_id = world.open_gift().task_id
        world.decide(task_id, "packed")
        wait(world, task_id)
        assert world.executions.woken == []

    def test_nobody_waits_for_what_is_not_there(self, world: UpgradeWorld) -> None:
        with pytest.raises(TaskNotFound):
            wait(world, "t-0")
        with pytest.raises(TaskNotFound):
            read_status("t-0", **world.ports("tasks", "program", "clock"))


def test_the_status_says_when_to_remind(world: UpgradeWorld, task_id: str) -> None:
    status = read_status(task_id, **world.ports("tasks", "program", "clock"))
    assert (status.state, status.reminder_seconds) == ("open", 3 * 86_400)


class TestReminding:
    def test_every_few_days_until_it_is_escalated(self, world: UpgradeWorld, task_id: str) -> None:
        for days in range(3, 19, 3):
            assert reminded(world, task_id, days * DAY).state == "open"
        assert world.events() == ["TaskReminded"] * 4 + ["TaskEscalated", "TaskReminded"]
        assert [fact["reminders"] for fact in world.facts("TaskReminded")] == [1, 2, 3, 4, 6]
        assert world.task(task_id).escalated_at == NOW + 15 * DAY

    def test_a_retry_reminds_nobody_again(self, world: UpgradeWorld, task_id: str) -> None:
        reminded(world, task_id, 3 * DAY)
        reminded(world, task_id, 3 * DAY)
        assert world.events() == ["TaskReminded"]

    def test_a_decision_in_this_moment_is_told(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.meanwhile = lambda: world.decide(task_id, "rejected")
        assert reminded(world, task_id, 3 * DAY).state == "rejected"
        assert world.events() == ["TaskDecided"]

    def test_an_execution_hands_over_after_eleven_months(
        self, world: UpgradeWorld, task_id: str
    ) -> None:
        almost = 330 * DAY - timedelta(microseconds=1)
        assert not reminded(world, task_id, almost).hand_over
        assert reminded(world, task_id, 330 * DAY).hand_over
        assert not reminded(world, task_id, 331 * DAY, started_at=NOW + 330 * DAY).hand_over

    def test_nothing_is_handed_over_that_is_decided(
        self, world: UpgradeWorld, task_id: str
    ) -> None:
        world.decide(task_id, "approved")
        assert not reminded(world, task_id, 400 * DAY).hand_over

    def test_a_review_whose_withdrawal_got_lost_is_withdrawn(
        self, world: UpgradeWorld, task_id: str
    ) -> None:
        world.stand(replace(IN_REVIEW, review=None))
        assert reminded(world, task_id, 3 * DAY).state == "withdrawn"
        assert world.events() == ["TaskWithdrawn"]

    @pytest.mark.parametrize("standing", [UPGRADED, UNDONE], ids=["stands", "was undone"])
    def test_a_gift_is_withdrawn_with_its_upgrade(self, standing: object) -> None:
        world = UpgradeWorld(UPGRADED)
        task_id = world.open_gift().task_id
        world.stand(standing)  # type: ignore[arg-type]
        state = "open" if standing is UPGRADED else "withdrawn"
        assert reminded(world, task_id, 3 * DAY).state == state

    def test_a_task_of_no_upgrade_is_only_reminded_of(self, world: UpgradeWorld) -> None:
        world.store.tasks["t-9"] = Task("t-9", "merge", ("ada", "bob"), NOW, "order/pos/O-1")
        assert reminded(world, "t-9", 3 * DAY).state == "open"
        assert world.events() == ["TaskReminded"]

    def test_nobody_waits_for_a_member_who_left(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.members["ada"] = replace(world.ada, status="left")
        assert reminded(world, task_id, 3 * DAY).state == "withdrawn"
        assert world.task(task_id).state == "withdrawn"
        assert world.events() == []


class TestWithdrawing:
    def withdraw(self, world: UpgradeWorld, task_id: str) -> bool:
        return withdraw_task(task_id, **world.ports("tasks", "store", "clock"))

    def test_happens_once(self, world: UpgradeWorld, task_id: str) -> None:
        assert self.withdraw(world, task_id)
        assert not self.withdraw(world, task_id)
        assert world.events() == ["TaskWithdrawn"]
        assert world.task(task_id).state == "withdrawn"

    def test_needs_nobody_any_more(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.members["ada"] = replace(world.ada, status="left")
        assert self.withdraw(world, task_id)
        assert world.task(task_id).state == "withdrawn"
        assert world.events() == []

    def test_needs_a_task(self, world: UpgradeWorld) -> None:
        assert not self.withdraw(world, "t-0")

    def test_comes_after_a_decision_of_the_same_moment(
        self, world: UpgradeWorld, task_id: str
    ) -> None:
        world.store.meanwhile = lambda: world.decide(task_id, "approved")
        assert not self.withdraw(world, task_id)
        assert world.task(task_id).state == "approved"
