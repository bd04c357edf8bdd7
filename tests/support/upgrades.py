"""Members whose upgrade waits for staff, and the world around them in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.contracts.tier_upgrades import TaskStatus
from loyalty.domain.ledger import Account
from loyalty.domain.member import Member
from loyalty.domain.tasks import Decision, Task, TaskKind
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.services.decide_task import decide_task
from loyalty.services.tier_upgrade import open_gift_task, open_review_task
from tests.support.examples import NOW, PROGRAM
from tests.support.fakes import FakeClock, FakeIds, FakeMemberStore, FakeProgramStore, FakeTaskStore
from tests.support.journey_fakes import FakeExecutions, FakeJourneyStore

MARCH = "2017-03"
UPGRADE_ID = "ada-2017-03-platinum-1"
UPGRADE = UpgradeTask(member_id="ada", upgrade_id=UPGRADE_ID, to_tier="platinum")
BEGIN = TierSpan("member", NOW)
PLATINUM = TierSpan("platinum", NOW, MARCH, UPGRADE_ID)
IN_REVIEW = TierStanding((BEGIN,), review=TierReview("platinum", MARCH, UPGRADE_ID))
UPGRADED = TierStanding((BEGIN, PLATINUM))
UNDONE = TierStanding((BEGIN, replace(PLATINUM, undone=True), BEGIN))
KINDS: tuple[TaskKind, ...] = (
    "tier_review",
    "gift_dispatch",
    "merge",
    "fraud_review",
    "adjustment_approval",
)


def a_member(standing: TierStanding = IN_REVIEW, **fields: Any) -> Member:
    """Return Ada, who bought enough for platinum in March."""
    defaults: dict[str, Any] = {
        "version": 1,
        "created_at": NOW,
        "joined_at": NOW,
        "status": "active",
        "account": Account(),
        "months": (MonthTotals(MARCH, spend_minor=300_000, orders=1),),
    }
    return Member("ada", standing=standing, **(defaults | fields))


class UpgradeWorld:
    """Ada's upgrade, with stores, machines and a clock that a test moves."""

    def __init__(self, standing: TierStanding = IN_REVIEW) -> None:
        self.store = FakeMemberStore()
        self.tasks = FakeTaskStore(self.store)
        self.program = FakeProgramStore(PROGRAM)
        self.clock = FakeClock(NOW)
        self.ids = FakeIds()
        self.executions = FakeExecutions()
        self.journeys = FakeJourneyStore()
        self.store.members["ada"] = a_member(standing)

    @property
    def ada(self) -> Member:
        return self.store.members["ada"]

    def stand(self, standing: TierStanding) -> None:
        """Let somebody else change where Ada stands."""
        self.store.members["ada"] = replace(
            self.ada, version=self.ada.version + 1, standing=standing
        )

    def task(self, task_id: str) -> Task:
        return self.store.tasks[task_id]

    def events(self) -> list[str]:
        """What happened, oldest first."""
        return [self.store.history[key].event for key in sorted(self.store.history)]

    def facts(self, event: str) -> list[dict[str, Any]]:
        return [dict(fact.data) for fact in self.store.history.values() if fact.event == event]

    def ports(self, *names: str) -> Any:
        return {name: getattr(self, name) for name in names}

    def open_review(self) -> TaskStatus:
        return open_review_task(UPGRADE, **self.ports("tasks", "store", "program", "clock", "ids"))

    def open_gift(self) -> TaskStatus:
        return open_gift_task(UPGRADE, **self.ports("tasks", "store", "program", "clock", "ids"))

    def decide(self, task_id: str, decision: Decision, by: str = "staff-1", **fields: Any) -> Task:
        given = {"own_member_id": None, "kinds": KINDS} | fields
        return decide_task(
            task_id,
            decision,
            decided_by=by,
            **given,
            **self.ports("tasks", "store", "program", "clock"),
        )
