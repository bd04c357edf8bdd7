"""The functions of an upgrade, on moto, with the events and inputs that they get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

import tier_upgrade.await_decision
import tier_upgrade.continue_upgrade
import tier_upgrade.open_gift_task
import tier_upgrade.open_review_task
import tier_upgrade.read_task
import tier_upgrade.reject_upgrade
import tier_upgrade.remind_of_task
import tier_upgrade.start_dispatch
import tier_upgrade.start_upgrade
import tier_upgrade.undo_upgrade
import tier_upgrade.upgrade_tier
import tier_upgrade.wake_upgrade
from loyalty.contracts.program import default_definition
from loyalty.contracts.registry import UnknownEvent
from loyalty.domain.program import VoucherRule
from loyalty.domain.tasks import Decision, gift_task
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.runtime import composition, rewarding, tasking
from loyalty.services.create_voucher import create_voucher
from loyalty.services.decide_task import decide_task
from loyalty.services.ports import MemberChange
from loyalty.services.reserve_voucher import reserve_voucher
from loyalty.services.roll_back_voucher import roll_back_voucher
from loyalty.services.tier_upgrade import redeemed_gift_task_id
from loyalty.services.vouchers import get_voucher
from tests.support.elite_journey import (
    MEMBER_ID,
    journey_surroundings,
    sample,
    store_customer,
    stored,
)
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeExecutions
from tests.support.moto_app import MotoApp, lambda_context
from tests.support.upgrades import KINDS
from tests.support.vouchers import a_request

UPGRADE_ID = f"{MEMBER_ID}-2017-03-platinum-41"
UPGRADE = {"member_id": MEMBER_ID, "upgrade_id": UPGRADE_ID, "to_tier": "platinum"}
BEGIN = TierSpan("silver", NOW)
IN_REVIEW = TierStanding((BEGIN,), review=TierReview("platinum", "2017-03", UPGRADE_ID))
UPGRADED = TierStanding((BEGIN, TierSpan("platinum", NOW, "2017-03", UPGRADE_ID)))


@pytest.fixture
def executions(app: MotoApp) -> Iterator[FakeExecutions]:
    with journey_surroundings() as (_, made):
        yield made


def a_buyer(standing: TierStanding = IN_REVIEW) -> None:
    months = (MonthTotals("2017-03", spend_minor=300_000, orders=1),)
    store_customer(joined_at=NOW, standing=standing, months=months)


def call(function: Any, event: dict[str, Any]) -> Any:
    return function.handler(event, lambda_context())


def decide(task_id: str, decision: Decision) -> None:
    decide_task(
        task_id,
        decision,
        decided_by="staff-1",
        own_member_id=None,
        kinds=KINDS,
        **tasking.decision_ports(),
    )


def state_of(task_id: str) -> str:
    answer = call(tier_upgrade.read_task, {"task_id": task_id, "correlation_id": "c"})
    return str(answer["state"])


class TestStarting:
    def test_a_proposal_starts_one_execution(self, executions: FakeExecutions) -> None:
        for _ in range(2):
            call(tier_upgrade.start_upgrade, sample("TierUpgradeProposed.v1"))
        assert executions.inputs == {
            UPGRADE_ID: UPGRADE
            | {
                "reason": "proposed",
                "correlation_id": f"member/{MEMBER_ID}",
                "started_at": "2017-03-15T12:00:00Z",
                "task_id": None,
                "part": 1,
                "continues": None,
            }
        }

    def test_so_does_a_tier_with_a_gift(self, executions: FakeExecutions) -> None:
        event = sample("TierChanged.v1")
        event["detail"]["data"]["to_tier"] = "platinum"
        call(tier_upgrade.start_upgrade, event)
        [started] = executions.inputs.values()
        assert started["reason"] == "upgraded"

    def test_a_tier_without_one_starts_nothing(self, executions: FakeExecutions) -> None:
        assert default_definition().tier("gold").gift is None
        call(tier_upgrade.start_upgrade, sample("TierChanged.v1"))
        assert executions.inputs == {}

    def test_one_by_an_order_starts_for_voucher_and_mail(self, executions: FakeExecutions) -> None:
        event = sample("TierChanged.v1")
        event["detail"]["data"]["reason"] = "order"
        call(tier_upgrade.start_upgrade, event)
        [started] = executions.inputs.values()
        assert (started["to_tier"], started["reason"]) == ("gold", "order")

    def test_nor_does_a_tier_that_was_lost(self, executions: FakeExecutions) -> None:
        event = sample("TierChanged.v1")
        event["detail"]["data"] |= {"reason": "downgraded", "upgrade_id": None}
        call(tier_upgrade.start_upgrade, event)
        assert executions.inputs == {}

    def test_a_redeemed_gift_starts_the_wait_for_it(self, executions: FakeExecutions) -> None:
        a_buyer()
        event = sample("RewardRedeemed.v1")
        call(tier_upgrade.start_dispatch, event)
        assert executions.inputs == {}
        redemption = f"redemption/{event['detail']['data']['redemption_id']}"
        task_id = composition.ids().derive("t", f"{redemption}/{MEMBER_ID}")
        mug = gift_task(
            task_id, MEMBER_ID, sku="mug", item="Mug", quantity=1, opened_at=NOW, cause=redemption
        )
        after = replace(stored(), version=2)
        composition.member_store().commit(MemberChange(after, 1, tasks=(mug,)))
        call(tier_upgrade.start_dispatch, event)
        assert list(executions.inputs) == [f"{MEMBER_ID}-gift-{task_id}"]

    @pytest.mark.parametrize(
        "function",
        [
            tier_upgrade.start_upgrade,
            tier_upgrade.start_dispatch,
            tier_upgrade.wake_upgrade,
            tier_upgrade.undo_upgrade,
        ],
    )
    def test_another_event_is_a_mistake_of_the_rule(self, app: MotoApp, function: Any) -> None:
        with pytest.raises(UnknownEvent):
            call(function, sample("ThresholdCrossed.v1"))


class TestSteps:
    def test_a_yes(self, executions: FakeExecutions) -> None:
        a_buyer()
        opened = call(tier_upgrade.open_review_task, UPGRADE | {"correlation_id": "c"})
        assert (opened["state"], opened["reminder_seconds"]) == ("open", 3 * 86_400)
        waiting = {"task_id": opened["task_id"], "task_token": "token", "correlation_id": "c"}
        assert call(tier_upgrade.await_decision, waiting) is None
        decide(opened["task_id"], "approved")
        assert state_of(opened["task_id"]) == "approved"

        moved = call(tier_upgrade.upgrade_tier, UPGRADE)
        assert moved == {"member_id": MEMBER_ID, "outcome": "upgraded", "has_gift": True}
        assert stored().tier == "platinum"
        gift = call(tier_upgrade.open_gift_task, UPGRADE)
        assert (gift["state"], state_of(gift["task_id"])) == ("open", "open")

    def test_a_no(self, app: MotoApp) -> None:
        a_buyer()
        assert call(tier_upgrade.reject_upgrade, UPGRADE) is None
        assert stored().standing == TierStanding((BEGIN,), held_until="2018-02")

    def test_a_reminder(self, app: MotoApp) -> None:
        a_buyer()
        task_id = call(tier_upgrade.open_review_task, UPGRADE)["task_id"]
        app.set_clock(NOW + timedelta(days=15))
        event = {"task_id": task_id, "started_at": "2017-03-15T12:00:00Z"}
        answer = call(tier_upgrade.remind_of_task, event)
        assert answer == {
            "task_id": task_id,
            "state": "open",
            "reminder_seconds": 3 * 86_400,
            "hand_over": False,
        }
        facts, _ = composition.member_store().status_changes(MEMBER_ID, limit=1)
        assert facts[0].event == "TaskEscalated"

    def test_the_token_of_a_task_that_is_over_is_woken(self, executions: FakeExecutions) -> None:
        a_buyer()
        task_id = call(tier_upgrade.open_review_task, UPGRADE)["task_id"]
        decide(task_id, "rejected")
        waiting = {"task_id": task_id, "task_token": "token"}
        call(tier_upgrade.await_decision, waiting)
        assert executions.woken == ["token"]

    @pytest.mark.parametrize("name", ["TaskDecided.v1", "TaskWithdrawn.v1"])
    def test_what_is_over_wakes_who_waits(self, executions: FakeExecutions, name: str) -> None:
        event = sample(name)
        call(tier_upgrade.wake_upgrade, event)
        tasking.task_store().store_token(event["detail"]["data"]["task_id"], "token", NOW)
        call(tier_upgrade.wake_upgrade, event)
        assert executions.woken == ["token"]

    def test_points_that_were_given_back_wake_who_waits_for_the_gift(
        self, executions: FakeExecutions
    ) -> None:
        event = sample("RedemptionReversed.v1")
        data = event["detail"]["data"]
        task_id = redeemed_gift_task_id(composition.ids(), data["redemption_id"], data["member_id"])
        tasking.task_store().store_token(task_id, "token", NOW)
        call(tier_upgrade.wake_upgrade, event)
        assert executions.woken == ["token"]

    def test_the_next_part(self, app: MotoApp) -> None:
        arn = boto3.client("stepfunctions").create_state_machine(
            name="tier-upgrade", definition="{}", roleArn="arn:aws:iam::123456789012:role/unused"
        )["stateMachineArn"]
        step = sample("lambda/continue_upgrade") | {"machine_arn": arn}
        assert call(tier_upgrade.continue_upgrade, step) == {"successor": f"{UPGRADE_ID}.2"}
        [execution] = boto3.client("stepfunctions").list_executions(stateMachineArn=arn)[
            "executions"
        ]
        assert execution["name"] == f"{UPGRADE_ID}.2"


class TestUndoing:
    def test_a_withdrawn_upgrade_takes_its_review_along(self, app: MotoApp) -> None:
        a_buyer()
        task_id = call(tier_upgrade.open_review_task, UPGRADE)["task_id"]
        call(tier_upgrade.undo_upgrade, sample("TierUpgradeWithdrawn.v1"))
        assert state_of(task_id) == "withdrawn"

    @pytest.mark.parametrize("sent", [False, True])
    def test_an_undone_upgrade_takes_voucher_and_unsent_gift_along(
        self, app: MotoApp, sent: bool
    ) -> None:
        a_buyer(UPGRADED)
        task_id = call(tier_upgrade.open_gift_task, UPGRADE)["task_id"]
        create_voucher(
            UPGRADE_ID,
            member_id=MEMBER_ID,
            rule=VoucherRule("percent", valid_days=60, percent=10),
            cause=f"upgrade/{UPGRADE_ID}",
            **rewarding.creation_ports(),
        )
        if sent:
            decide(task_id, "dispatched")

        for _ in range(2):
            call(tier_upgrade.undo_upgrade, undone(UPGRADE_ID))

        assert state_of(task_id) == ("dispatched" if sent else "withdrawn")
        [code] = rewarding.voucher_store().codes([UPGRADE_ID]).values()
        voucher = rewarding.voucher_store().voucher(code)
        assert voucher is not None
        assert voucher.state == "cancelled"

    def test_a_reserved_voucher_is_cancelled_when_that_is_over(self, app: MotoApp) -> None:
        a_buyer(UPGRADED)
        task_id = call(tier_upgrade.open_gift_task, UPGRADE)["task_id"]
        voucher = create_voucher(
            UPGRADE_ID,
            member_id=MEMBER_ID,
            rule=VoucherRule("percent", valid_days=60, percent=10),
            cause=f"upgrade/{UPGRADE_ID}",
            **rewarding.creation_ports(),
        )
        assert voucher is not None
        reserve_voucher(voucher.code, a_request("R-1", 1), **rewarding.voucher_use_ports())

        call(tier_upgrade.undo_upgrade, undone(UPGRADE_ID))

        assert state_of(task_id) == "withdrawn"
        roll_back_voucher(voucher.code, "R-1", **rewarding.voucher_ports())
        assert get_voucher(voucher.code, **rewarding.voucher_ports()).state == "cancelled"

    def test_other_changes_take_nothing(self, app: MotoApp) -> None:
        a_buyer(UPGRADED)
        task_id = call(tier_upgrade.open_gift_task, UPGRADE)["task_id"]
        call(tier_upgrade.undo_upgrade, undone(None))
        assert state_of(task_id) == "open"


def undone(upgrade_id: str | None) -> dict[str, Any]:
    event = sample("TierChanged.v1")
    event["detail"]["data"] |= {
        "from_tier": "platinum",
        "to_tier": "gold",
        "reason": "return",
        "upgrade_id": None,
        "undone_upgrade_id": upgrade_id,
    }
    return event
