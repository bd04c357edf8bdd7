"""An upgrade from the proposal to the parcel, step by step; each step may be run twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.contracts.tier_upgrades import (
    ContinueStep,
    UpgradeInput,
    UpgradeOutcome,
    UpgradeReason,
)
from loyalty.domain.errors import MemberBusy
from loyalty.domain.tasks import gift_task
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.domain.voucher_uses import redeem, reserve
from loyalty.services.task_waits import withdraw_task
from loyalty.services.tier_upgrade import (
    continue_upgrade,
    gift_task_id,
    reject_upgrade,
    review_task_id,
    start_dispatch,
    start_upgrade,
    undo_upgrade,
    upgrade_tier,
    withdraw_review,
)
from tests.support.examples import NOW, PROGRAM
from tests.support.reward_fakes import FakeVoucherStore
from tests.support.upgrades import (
    BEGIN,
    IN_REVIEW,
    MARCH,
    PLATINUM,
    UNDONE,
    UPGRADE,
    UPGRADE_ID,
    UPGRADED,
    UpgradeWorld,
)
from tests.support.vouchers import a_request, a_voucher


@pytest.fixture
def world() -> UpgradeWorld:
    return UpgradeWorld()


def an_input(reason: UpgradeReason = "proposed", to_tier: str = "platinum") -> UpgradeInput:
    return UpgradeInput(
        upgrade_id=UPGRADE_ID,
        member_id="ada",
        to_tier=to_tier,
        reason=reason,
        correlation_id="member/ada",
        started_at=NOW,
    )


def started(world: UpgradeWorld, upgrade: UpgradeInput) -> bool:
    return start_upgrade(upgrade, **world.ports("journeys", "executions", "program", "clock"))


def approved(world: UpgradeWorld) -> UpgradeOutcome:
    return upgrade_tier(UPGRADE, **world.ports("store", "program", "clock"))


def rejected(world: UpgradeWorld) -> None:
    reject_upgrade(UPGRADE, **world.ports("store", "program", "clock"))


class TestStarting:
    def test_a_proposal_starts_one_execution_of_its_name(self, world: UpgradeWorld) -> None:
        assert started(world, an_input())
        assert not started(world, an_input())
        assert list(world.executions.inputs) == [UPGRADE_ID]
        assert world.executions.inputs[UPGRADE_ID]["started_at"] == "2017-03-15T12:00:00Z"

    def test_a_start_that_broke_off_is_made_good(self, world: UpgradeWorld) -> None:
        world.journeys.claim_run("tier_upgrade", UPGRADE_ID)
        assert started(world, an_input())

    def test_an_upgrade_with_a_gift_needs_one_too(self, world: UpgradeWorld) -> None:
        assert started(world, an_input("upgraded"))

    @pytest.mark.parametrize("tier", ["gold", "unheard"])
    def test_an_upgrade_without_a_gift_needs_none(self, world: UpgradeWorld, tier: str) -> None:
        assert not started(world, an_input("upgraded", tier))
        assert world.executions.inputs == {}
        assert world.journeys.started == {}

    def test_one_by_an_order_needs_one_for_voucher_and_mail(self, world: UpgradeWorld) -> None:
        assert started(world, an_input("order", "gold"))

    def test_the_approved_upgrade_is_the_execution_that_runs(self, world: UpgradeWorld) -> None:
        started(world, an_input())
        assert not started(world, an_input("upgraded"))


class TestRedeemedGifts:
    def dispatched(self, world: UpgradeWorld) -> bool:
        ports = world.ports("tasks", "journeys", "executions", "clock", "ids")
        return start_dispatch("ada", "R-1", correlation_id="member/ada", **ports)

    def test_are_waited_for_once(self, world: UpgradeWorld) -> None:
        task_id = world.ids.derive("t", "redemption/R-1/ada")
        world.store.tasks[task_id] = gift_task(
            task_id, "ada", sku="mug", item="Mug", quantity=1, opened_at=NOW, cause="redemption/R-1"
        )
        assert self.dispatched(world)
        assert not self.dispatched(world)
        [started] = world.executions.inputs.values()
        assert (started["reason"], started["task_id"]) == ("redeemed", task_id)

    def test_need_a_task(self, world: UpgradeWorld) -> None:
        assert not self.dispatched(world)
        assert world.executions.inputs == {}


def test_the_next_part_waits_on_under_a_name_of_its_own(world: UpgradeWorld) -> None:
    world.clock.advance(timedelta(days=330))
    step = ContinueStep(machine_arn="arn", upgrade=an_input(), continues="review")
    for _ in range(2):
        name = continue_upgrade(step, **world.ports("executions", "clock"))
    assert name == f"{UPGRADE_ID}.2"
    assert list(world.executions.inputs) == [name]
    successor = UpgradeInput.model_validate(world.executions.inputs[name])
    assert (successor.part, successor.continues) == (2, "review")
    assert successor.started_at == world.clock.at


class TestAskingTheManager:
    def test_a_task_is_opened_once(self, world: UpgradeWorld) -> None:
        status = world.open_review()
        assert world.open_review() == status
        task = world.task(status.task_id)
        assert (task.kind, task.state, task.member_ids) == ("tier_review", "open", ("ada",))
        assert dict(task.data) == {
            "upgrade_id": UPGRADE_ID,
            "from_tier": "member",
            "to_tier": "platinum",
            "month": MARCH,
        }
        assert len(world.store.tasks) == 1

    def test_the_next_part_finds_the_task_as_it_is(self, world: UpgradeWorld) -> None:
        status = world.open_review()
        world.decide(status.task_id, "approved")
        assert world.open_review().state == "approved"

    @pytest.mark.parametrize(
        "standing",
        [
            TierStanding((BEGIN,)),
            TierStanding((BEGIN,), review=TierReview("platinum", MARCH, "another")),
        ],
        ids=["none", "another"],
    )
    def test_nobody_is_asked_about_what_is_off(
        self, world: UpgradeWorld, standing: TierStanding
    ) -> None:
        world.stand(standing)
        assert world.open_review().state == "withdrawn"
        assert world.store.tasks == {}

    def test_a_withdrawal_at_the_same_moment_is_seen(self, world: UpgradeWorld) -> None:
        world.store.meanwhile = lambda: world.stand(TierStanding((BEGIN,)))
        assert world.open_review().state == "withdrawn"
        assert world.store.tasks == {}


class TestTheYes:
    def test_brings_tier_and_gift_once(self, world: UpgradeWorld) -> None:
        for _ in range(2):
            assert approved(world) == UpgradeOutcome(
                member_id="ada", outcome="upgraded", has_gift=True
            )
        assert world.ada.standing == TierStanding((BEGIN, PLATINUM))
        assert world.events() == ["TierChanged"]

    def test_comes_too_late(self, world: UpgradeWorld) -> None:
        months = (MonthTotals(MARCH, spend_minor=300_000, returned_minor=1, orders=1),)
        world.store.members["ada"] = replace(world.ada, months=months)
        for _ in range(2):
            assert approved(world).outcome == "withdrawn"
        assert world.ada.tier == "member"
        assert world.events() == ["TierUpgradeWithdrawn"]

    def test_without_a_gift(self, world: UpgradeWorld) -> None:
        tiers = (*PROGRAM.tiers[:2], replace(PROGRAM.tiers[2], gift=None))
        world.program.definitions = [replace(PROGRAM, tiers=tiers)]
        assert approved(world) == UpgradeOutcome(
            member_id="ada", outcome="upgraded", has_gift=False
        )

    def test_of_an_upgrade_that_a_return_undid_since(self, world: UpgradeWorld) -> None:
        world.stand(UNDONE)
        assert approved(world).outcome == "withdrawn"
        assert world.events() == []


def test_the_no_holds_and_is_told_once(world: UpgradeWorld) -> None:
    rejected(world)
    rejected(world)
    assert world.ada.standing == TierStanding((BEGIN,), held_until="2018-02")
    assert world.events() == ["TierUpgradeRejected"]


def test_a_return_of_the_same_moment_leaves_nothing_to_reject(world: UpgradeWorld) -> None:
    world.store.meanwhile = lambda: world.stand(TierStanding((BEGIN,)))
    rejected(world)
    assert world.ada.standing == TierStanding((BEGIN,))


class TestTheGift:
    @pytest.fixture
    def world(self) -> UpgradeWorld:
        return UpgradeWorld(UPGRADED)

    def test_is_asked_for_once(self, world: UpgradeWorld) -> None:
        status = world.open_gift()
        assert world.open_gift() == status
        task = world.task(status.task_id)
        assert (task.kind, task.state) == ("gift_dispatch", "open")
        assert dict(task.data) == {
            "sku": "gift-box",
            "item": "Gift box",
            "quantity": 1,
            "upgrade_id": UPGRADE_ID,
        }

    def test_is_not_sent_when_the_upgrade_was_undone(self, world: UpgradeWorld) -> None:
        world.stand(UNDONE)
        assert world.open_gift().state == "withdrawn"
        assert world.store.tasks == {}

    def test_is_not_sent_when_the_program_has_none_any_more(self, world: UpgradeWorld) -> None:
        world.program.definitions = [replace(PROGRAM, tiers=PROGRAM.tiers[:2])]
        assert world.open_gift().state == "withdrawn"

    def test_is_sent_though_the_member_moved_further_up(self, world: UpgradeWorld) -> None:
        further = TierSpan("diamond", NOW, "2017-04", "ada-2017-04-diamond-9")
        world.stand(replace(UPGRADED, spans=(*UPGRADED.spans, further)))
        assert world.open_gift().state == "open"

    def test_a_return_of_the_same_moment_is_seen(self, world: UpgradeWorld) -> None:
        world.store.meanwhile = lambda: world.stand(UNDONE)
        assert world.open_gift().state == "withdrawn"
        assert world.store.tasks == {}


class TestUndoing:
    def test_a_review_is_withdrawn(self, world: UpgradeWorld) -> None:
        task_id = world.open_review().task_id
        ports = world.ports("tasks", "store", "clock", "ids")
        assert withdraw_review(UPGRADE_ID, **ports)
        assert world.task(task_id).state == "withdrawn"
        assert not withdraw_review("another", **ports)

    @pytest.mark.parametrize("sent", [False, True])
    def test_a_gift_that_was_sent_stays(self, sent: bool) -> None:
        world = UpgradeWorld(UPGRADED)
        task_id = world.open_gift().task_id
        if sent:
            world.decide(task_id, "dispatched", tracking="1Z")
        withdraw_task(task_id, **world.ports("tasks", "store", "clock"))
        assert world.task(task_id).state == ("dispatched" if sent else "withdrawn")

    def test_a_voucher_that_is_part_used_and_reserved_stays(self) -> None:
        world, vouchers = UpgradeWorld(UPGRADED), FakeVoucherStore()
        task_id = world.open_gift().task_id
        voucher = a_voucher()
        spent = redeem(voucher, None, a_request("R-1", 400), at=NOW).voucher
        until = NOW + timedelta(minutes=30)
        kept = reserve(spent, None, a_request("R-2", 600), at=NOW, until=until).voucher
        vouchers.all[kept.code], vouchers.ids[UPGRADE_ID] = kept, kept.code

        assert undo(world, vouchers)
        assert world.task(task_id).state == "withdrawn"
        assert vouchers.all[kept.code] == kept

    def test_a_busy_voucher_does_not_hold_the_gift_back(self) -> None:
        world, vouchers = UpgradeWorld(UPGRADED), FakeVoucherStore()
        task_id = world.open_gift().task_id
        voucher = a_voucher()
        vouchers.all[voucher.code], vouchers.ids[UPGRADE_ID] = voucher, voucher.code
        vouchers.refusals = 100

        with pytest.raises(MemberBusy):
            undo(world, vouchers)
        assert world.task(task_id).state == "withdrawn"
        vouchers.refusals = 0
        assert not undo(world, vouchers)
        assert vouchers.all[voucher.code].state == "cancelled"


def undo(world: UpgradeWorld, vouchers: FakeVoucherStore) -> bool:
    return undo_upgrade(
        UPGRADE_ID, vouchers=vouchers, **world.ports("tasks", "store", "clock", "ids")
    )


def test_the_tasks_of_an_upgrade_are_told_apart(world: UpgradeWorld) -> None:
    assert review_task_id(world.ids, UPGRADE_ID) != gift_task_id(world.ids, UPGRADE_ID)


def a_merge(world: UpgradeWorld) -> None:
    eve = replace(world.ada, member_id="eve", standing=TierStanding((BEGIN,)))
    world.store.members["eve"] = eve
    world.store.members["ada"] = replace(world.ada, status="merged", merged_into="eve")


@pytest.mark.parametrize("step", [approved, UpgradeWorld.open_review, UpgradeWorld.open_gift])
def test_a_merge_ends_the_upgrade_of_the_one_who_is_gone(
    world: UpgradeWorld, step: Callable[[UpgradeWorld], object]
) -> None:
    world.stand(IN_REVIEW)
    a_merge(world)
    assert "withdrawn" in str(step(world))
    assert world.store.members["eve"].tier == "member"


def test_functions_take_what_the_machine_passes() -> None:
    task = {**UPGRADE.model_dump(), "correlation_id": "member/ada"}
    assert UpgradeTask.model_validate(task) == UPGRADE
