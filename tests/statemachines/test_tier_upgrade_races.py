"""Decisions that race with the machine's own steps: the task, the member and the execution agree.

The machine runs the real use cases on stores in memory; every run takes the requests of all that
happens at one moment in another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loyalty.domain.errors import TaskAlreadyDecided
from loyalty.domain.tasks import Decision
from loyalty.domain.tiers import TierStanding
from loyalty.services import retrying
from loyalty.services.task_waits import (
    await_decision,
    read_status,
    remind_task,
    wake_task,
    withdraw_task,
)
from loyalty.services.tier_upgrade import (
    open_gift_task,
    open_review_task,
    reject_upgrade,
    review_task_id,
    upgrade_tier,
)
from tests.support.examples import NOW
from tests.support.fakes import FakeMemberStore
from tests.support.state_machines import Execution, StateMachines, TaskTimedOut, state_machines
from tests.support.upgrades import BEGIN, UPGRADE, UPGRADE_ID, UpgradeWorld, a_member

TIER_UPGRADE = Path(__file__).parents[2] / "statemachines/tier_upgrade.asl.yaml"
SEEDS = range(40)
AT_ONCE = timedelta()
DAY = timedelta(days=1)
PERIOD = 3 * DAY
SOON = timedelta(seconds=10)
ENDS = {"approved": "platinum", "rejected": "member"}


class InterleavedStore(FakeMemberStore):
    """At every request somebody else may go first."""

    def __init__(self, pause: Callable[[], None]) -> None:
        self._requests = 0
        self._pause = pause
        super().__init__()

    @property
    def requests(self) -> int:
        return self._requests

    @requests.setter
    def requests(self, count: int) -> None:
        if count > self._requests:
            self._pause()
        self._requests = count


class UpgradeCloud(UpgradeWorld):
    """Ada's upgrade with the real machine.

    `loses_events` lets no event arrive; `holds_token` keeps the token from its place until the
    decision's event has been worked off.
    """

    def __init__(self, machines: StateMachines) -> None:
        super().__init__()
        self.machines = machines
        self.store = InterleavedStore(machines.clock.pause)
        self.store.members["ada"] = a_member()
        self.tasks._members = self.store
        self.clock = SimpleNamespace(now=lambda: machines.clock.now)  # type: ignore[assignment]
        self.loses_events = self.holds_token = self.is_told = False
        self.task_id = review_task_id(self.ids, UPGRADE_ID)
        machines.register(
            OpenReviewTaskFunction=self.step(open_review_task, "tasks", "store", "program", "ids"),
            OpenGiftTaskFunction=self.step(open_gift_task, "tasks", "store", "program", "ids"),
            UpgradeTierFunction=self.step(upgrade_tier, "store", "program"),
            RejectUpgradeFunction=self.step(reject_upgrade, "store", "program"),
            AwaitDecisionFunction=self.stores_token,
            ReadTaskFunction=lambda event, _: read_status(
                event["task_id"], **self.ports("tasks", "program", "clock")
            ).model_dump(),
            RemindOfTaskFunction=lambda event, _: remind_task(
                event["task_id"], NOW, **self.ports("tasks", "store", "program", "clock")
            ).model_dump(),
            CreateVoucherFunction=lambda event, _: {"is_issued": True},
            SendTierUpgradeEmailFunction=lambda event, _: {"outcome": "sent"},
        )

    def step(self, use_case: Callable[..., Any], *names: str) -> Callable[[Any, Any], Any]:
        def run(_event: Any, _context: Any) -> Any:
            answer = use_case(UPGRADE, **self.ports(*names, "clock"))
            return answer.model_dump() if answer else None

        return run

    def stores_token(self, event: dict[str, Any], _context: object) -> None:
        while self.holds_token and not self.is_told:
            self.machines.clock.sleep(1)
        ports = self.ports("tasks", "clock")
        await_decision(event["task_id"], event["task_token"], executions=self, **ports)

    # ── Step Functions, as the use cases know it ──
    def wake(self, token: str) -> None:
        with suppress(TaskTimedOut):
            self.machines.succeed(token)

    # ── what happens meanwhile ──
    def decides(self, decision: Decision, after: timedelta, by: str = "staff-1") -> None:
        """Let somebody decide, when there is a task by then, and the event wake the machine."""

        def act() -> None:
            if self.task_id not in self.store.tasks:
                self.machines.clock.at(AT_ONCE, act)
                return
            with suppress(TaskAlreadyDecided):
                self.decide(self.task_id, decision, by)
                self.tells(self.wakes)

        self.machines.clock.at(after, act)

    def brings_back(self, after: timedelta) -> None:
        """Let a return take the qualification away, and its event withdraw the task."""

        def act() -> None:
            self.stand(TierStanding((BEGIN,)))
            self.tells(self.withdraw)

        self.machines.clock.at(after, act)

    def withdraw(self) -> None:
        if withdraw_task(self.task_id, **self.ports("tasks", "store", "clock")):
            self.wakes()

    def wakes(self) -> None:
        wake_task(self.task_id, tasks=self.tasks, executions=self)
        self.is_told = True

    def tells(self, event: Callable[[], object]) -> None:
        if not self.loses_events:
            self.machines.clock.at(AT_ONCE, lambda: event())

    def run(self) -> Execution:
        machine = self.machines.load(TIER_UPGRADE)
        given = UPGRADE.model_dump() | {
            "reason": "proposed",
            "correlation_id": "c",
            "started_at": NOW.isoformat(),
            "continues": None,
        }
        return machine.start(given, UPGRADE_ID)


@contextmanager
def upgrade_cloud(seed: int) -> Iterator[UpgradeCloud]:
    with state_machines(start=NOW, seed=seed) as machines, pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrying, "sleep", machines.clock.sleep)
        yield UpgradeCloud(machines)


def until_decided(cloud: UpgradeCloud, run: Execution) -> None:
    """Let time pass until the review is over: the run has ended, or waits for the gift."""
    cloud.machines.clock.run_until(lambda: not run.is_running or "AwaitDispatch" in run.states)


def check_that_all_agree(cloud: UpgradeCloud, run: Execution) -> str:
    """Return how the review ended, and hold task, member and execution to it."""
    state = cloud.task(cloud.task_id).state
    assert cloud.ada.tier == ENDS[state]
    assert cloud.ada.standing.review is None
    taken = Counter(cloud.events())
    assert (taken["TaskDecided"], taken["TierChanged"] + taken["TierUpgradeRejected"]) == (1, 1)
    end = "AwaitDispatch" if state == "approved" else "Rejected"
    assert run.states[-1] == end
    return state


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_decision_between_the_task_and_the_token(decision: Decision) -> None:
    for seed in SEEDS:
        with upgrade_cloud(seed) as cloud:
            # The event's waking finds no token in half of the runs: only the own one is left then.
            cloud.holds_token = seed % 2 == 0
            run = cloud.run()
            cloud.decides(decision, AT_ONCE)

            until_decided(cloud, run)

            assert check_that_all_agree(cloud, run) == decision
            assert cloud.machines.clock.now - NOW < SOON


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_decision_at_the_very_time_out(decision: Decision) -> None:
    reminders = Counter[int]()
    for seed in SEEDS:
        with upgrade_cloud(seed) as cloud:
            run = cloud.run()
            cloud.decides(decision, PERIOD)

            until_decided(cloud, run)

            assert check_that_all_agree(cloud, run) == decision
            assert cloud.machines.clock.now - NOW < PERIOD + SOON
            reminders[len(cloud.facts("TaskReminded"))] += 1
    assert set(reminders) == {0, 1}


def test_a_waking_that_gets_lost_costs_one_period() -> None:
    for seed in SEEDS:
        with upgrade_cloud(seed) as cloud:
            cloud.loses_events = True
            run = cloud.run()
            cloud.decides("rejected", DAY)

            until_decided(cloud, run)

            check_that_all_agree(cloud, run)
            assert cloud.machines.clock.now - NOW < PERIOD + SOON


def test_a_yes_after_three_weeks() -> None:
    with upgrade_cloud(1) as cloud:
        run = cloud.run()
        cloud.decides("approved", 21 * DAY + SOON)

        until_decided(cloud, run)

        assert check_that_all_agree(cloud, run) == "approved"
        assert cloud.task(cloud.task_id).reminders == 7
        assert len(cloud.facts("TaskEscalated")) == 1


@pytest.mark.parametrize("after", [AT_ONCE, PERIOD])
def test_a_yes_against_a_no(after: timedelta) -> None:
    held = Counter[str]()
    for seed in SEEDS:
        with upgrade_cloud(seed) as cloud:
            run = cloud.run()
            cloud.decides("approved", after, by="ann")
            cloud.decides("rejected", after, by="bob")

            until_decided(cloud, run)

            held[check_that_all_agree(cloud, run)] += 1
    assert min(held["approved"], held["rejected"]) > 0


@pytest.mark.parametrize("loses_events", [False, True])
def test_a_decision_against_a_return(loses_events: bool) -> None:
    """Who brought too much back does not move up, whoever was first."""
    ends = Counter[str]()
    for seed in SEEDS:
        with upgrade_cloud(seed) as cloud:
            cloud.loses_events = loses_events
            run = cloud.run()
            cloud.brings_back(DAY)
            cloud.decides("approved", DAY)

            run.wait()

            assert cloud.ada.tier == "member"
            assert run.states[-1] == "Withdrawn"
            ends[cloud.task(cloud.task_id).state] += 1
    assert set(ends) <= {"approved", "withdrawn"}


def test_a_return_whose_event_gets_lost_is_noticed_at_the_reminder() -> None:
    with upgrade_cloud(1) as cloud:
        cloud.loses_events = True
        run = cloud.run()
        cloud.brings_back(DAY)

        run.wait()

        assert run.states[-1] == "Withdrawn"
        assert cloud.task(cloud.task_id).state == "withdrawn"
        assert run.stopped_at is not None
        assert run.stopped_at - NOW < PERIOD + SOON
