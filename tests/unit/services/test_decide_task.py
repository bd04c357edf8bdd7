"""A task is decided once, by somebody who may, in one transaction with what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import (
    MemberBusy,
    MemberNotFound,
    NotYourTask,
    OwnAccount,
    TaskAlreadyDecided,
    TaskNotFound,
)
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tasks import Task, TaskDecision, TaskKind
from loyalty.services import decide_task
from loyalty.services.consequences import Consequence
from loyalty.services.ports import MemberChange
from loyalty.services.task_changes import task_change
from tests.support.examples import NOW, PROGRAM
from tests.support.upgrades import UpgradeWorld

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> UpgradeWorld:
    return UpgradeWorld()


@pytest.fixture
def task_id(world: UpgradeWorld) -> str:
    return world.open_review().task_id


def test_a_decision_says_who_when_and_why(world: UpgradeWorld, task_id: str) -> None:
    world.clock.advance(HOUR)
    version = world.ada.version
    decided = world.decide(task_id, "rejected", comment="bought for resale")
    taken = TaskDecision("rejected", "staff-1", NOW + HOUR, "bought for resale")
    assert decided == world.task(task_id)
    assert (decided.state, decided.decisions) == ("rejected", (taken,))
    assert world.ada.version == version + 1
    assert world.facts("TaskDecided") == [
        {
            "task_id": task_id,
            "kind": "tier_review",
            "decision": "rejected",
            "decided_by": "staff-1",
        }
    ]


def test_the_reason_stays_out_of_the_event(world: UpgradeWorld, task_id: str) -> None:
    world.decide(task_id, "approved", comment="Ms Lovelace is a friend of the house")
    assert "Lovelace" not in str(world.facts("TaskDecided"))


def test_it_costs_two_reads_and_one_transaction(world: UpgradeWorld, task_id: str) -> None:
    world.store.requests = 0
    world.decide(task_id, "approved")
    assert world.store.requests == 3
    world.decide(task_id, "approved")
    assert world.store.requests == 4


def test_the_same_decision_again_is_answered_again(world: UpgradeWorld, task_id: str) -> None:
    first = world.decide(task_id, "approved")
    assert world.decide(task_id, "approved", by="staff-2") == first
    assert world.events() == ["TaskDecided"]


def test_another_decision_is_refused(world: UpgradeWorld, task_id: str) -> None:
    world.decide(task_id, "approved")
    with pytest.raises(TaskAlreadyDecided):
        world.decide(task_id, "rejected")
    assert world.task(task_id).state == "approved"


def test_of_two_deciders_at_once_one_wins(world: UpgradeWorld, task_id: str) -> None:
    world.store.meanwhile = lambda: world.decide(task_id, "rejected", by="staff-2")
    with pytest.raises(TaskAlreadyDecided):
        world.decide(task_id, "approved")
    assert [one.decided_by for one in world.task(task_id).decisions] == ["staff-2"]
    assert len(world.facts("TaskDecided")) == 1


def test_two_deciders_of_one_mind_are_both_answered(world: UpgradeWorld, task_id: str) -> None:
    world.store.meanwhile = lambda: world.decide(task_id, "approved", by="staff-2")
    decided = world.decide(task_id, "approved")
    assert [one.decided_by for one in decided.decisions] == ["staff-2"]
    assert len(world.facts("TaskDecided")) == 1


def test_a_member_who_buys_meanwhile_does_not_hinder(world: UpgradeWorld, task_id: str) -> None:
    world.store.meanwhile = lambda: world.stand(world.ada.standing)
    assert world.decide(task_id, "approved").state == "approved"


def test_a_member_who_never_rests(world: UpgradeWorld, task_id: str) -> None:
    world.store.refusals = 6
    with pytest.raises(MemberBusy):
        world.decide(task_id, "approved")
    assert world.task(task_id).state == "open"


class TestWhoMayNot:
    def test_decide_on_what_is_not_there(self, world: UpgradeWorld) -> None:
        with pytest.raises(TaskNotFound):
            world.decide("t-0", "approved")

    def test_decide_on_kinds_that_are_for_others(self, world: UpgradeWorld, task_id: str) -> None:
        with pytest.raises(NotYourTask):
            world.decide(task_id, "approved", kinds=("gift_dispatch",))

    def test_decide_for_themselves(self, world: UpgradeWorld, task_id: str) -> None:
        with pytest.raises(OwnAccount):
            world.decide(task_id, "approved", own_member_id="ada")

    def test_decide_for_whom_they_were_merged_into(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.members["eve"] = replace(world.ada, member_id="eve")
        world.store.members["ada"] = replace(world.ada, status="merged", merged_into="eve")
        with pytest.raises(OwnAccount):
            world.decide(task_id, "approved", own_member_id="eve")

    def test_decide_on_somebody_who_left(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.members["ada"] = replace(world.ada, status="left")
        with pytest.raises(MemberNotFound):
            world.decide(task_id, "approved")


class TestConsequences:
    @pytest.fixture(autouse=True)
    def consequences(self, monkeypatch: pytest.MonkeyPatch) -> Mapping[TaskKind, Consequence]:
        def note(change: MemberChange, task: Task, definition: ProgramDefinition) -> MemberChange:
            assert change.member is not None
            assert definition is PROGRAM
            spend = 1 if task.state == "approved" else 0
            return replace(change, member=replace(change.member, lifetime_spend_minor=spend))

        registered: dict[TaskKind, Consequence] = {"tier_review": note}
        monkeypatch.setattr(decide_task, "CONSEQUENCES", registered)
        return registered

    def test_are_written_with_the_decision(self, world: UpgradeWorld, task_id: str) -> None:
        world.decide(task_id, "approved")
        assert world.ada.lifetime_spend_minor == 1
        assert world.task(task_id).state == "approved"

    def test_happen_once(self, world: UpgradeWorld, task_id: str) -> None:
        world.store.before_commit = [
            task_change(world.ada, replace(world.task(task_id), version=2), "TaskReminded", NOW)
        ]
        world.decide(task_id, "approved")
        version = world.ada.version
        world.decide(task_id, "approved")
        assert (world.ada.lifetime_spend_minor, world.ada.version) == (1, version)

    def test_of_other_kinds_do_not(self, world: UpgradeWorld) -> None:
        world.store.members["ada"] = replace(world.ada, lifetime_spend_minor=7)
        other = Task("t-9", "merge", ("ada", "bob"), NOW, "order/pos/O-1")
        world.store.tasks["t-9"] = other
        world.decide("t-9", "approved")
        assert world.ada.lifetime_spend_minor == 7
