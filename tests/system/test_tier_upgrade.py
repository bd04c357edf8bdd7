"""Upgrades that wait for people, over HTTP, for three weeks of the program's time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.contracts.values import iso
from tests.support.program import DAY, SHORT_PROGRAM, Customer, Json, Program

pytestmark = pytest.mark.system

MACHINE = "TierUpgradeStateMachine"
THREE_WEEKS = 21 * DAY
PLATINUM_MINOR = 300_000
TIERS = {
    "tier_upgrade": "at_once",
    "tiers": [
        {"name": "silver", "threshold": 0},
        {"name": "gold", "threshold": 100_000, "multiplier": "1.25"},
        {
            "name": "platinum",
            "threshold": PLATINUM_MINOR,
            "multiplier": "1.5",
            "needs_approval": True,
            "voucher": {"kind": "amount", "amount_minor": 2_500, "valid_days": 60},
            "gift": {"sku": "gift-box", "name": "Gift box", "quantity": 1},
        },
    ],
    "task_reminder_days": 3,
    "task_escalation_days": 14,
}
TO_THE_WAIT = ["WhyStarted", "OpenReviewTask", "IsReviewOpen", "AwaitReview"]
TO_THE_REVIEW = [*TO_THE_WAIT, "ReadReview", "IsReviewed"]
REMINDED = ["RemindReviewer", "KeepAwaitingReview", "AwaitReview", "ReadReview", "IsReviewed"]
TO_THE_GIFT = ["UpgradeTier", "IsUpgraded", "CreateVoucher", "SendTierUpgradeEmail", "HasGift"]
TO_THE_DISPATCH = ["OpenGiftTask", "IsGiftToBeSent", "AwaitDispatch"]
READ = ["ReadDispatch", "IsDispatched"]
WAREHOUSE_REMINDED = [*READ, "RemindWarehouse", "KeepAwaitingDispatch", "AwaitDispatch"]


class Buyer:
    """A member who bought enough for platinum, and whose upgrade waits for a manager."""

    def __init__(self, program: Program, name: str) -> None:
        self.program = program
        email = f"{name.lower()}-{program.number()}@example.com"
        enrolled = program.post("/v1/members", {"email": email, "name": name})
        self.customer = Customer(enrolled["member_id"], email)
        self.order_id = f"order-of-{self.member_id}"
        program.buys(self.customer, PLATINUM_MINOR, order_id=self.order_id)

    @property
    def member_id(self) -> str:
        return self.customer.member_id

    @property
    def tier(self) -> str:
        return str(self.program.profile(self.customer)["tier"])

    @property
    def upgrade_id(self) -> str:
        [proposal] = self.facts("TierUpgradeProposed")
        return str(proposal["upgrade_id"])

    def facts(self, event: str) -> list[Json]:
        path = f"/v1/members/{self.member_id}/journey?limit=100"
        steps = self.program.get(path)["items"]
        return [step["data"] for step in reversed(steps) if step["event"] == event]

    def visited(self) -> list[str]:
        return self.program.visited(self.upgrade_id, MACHINE)

    def task(self, kind: str, state: str = "open") -> Json:
        """Return the member's task, as staff finds it in the list."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = self.program.get(
                f"/v1/tasks?kind={kind}&state={state}&limit=5{cursor}", role="admin"
            )
            found += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        [task] = [task for task in found if self.member_id in task["member_ids"]]
        return task

    def returns_some(self) -> None:
        """Bring back so much that the rest is not enough for platinum."""
        self.program.post(
            f"/v1/orders/shop/{self.order_id}/returns",
            {
                "return_id": "R-1",
                "occurred_at": iso(self.program.now),
                "amount": {"amount_minor": 100_000, "currency": "EUR"},
            },
        )
        self.program.settle()

    def decide(self, kind: str, decision: str, role: str = "manager", **fields: Any) -> Json:
        """Decide on the member's task, in whatever state it waits, and let it take effect."""
        task_id = self.task(kind, fields.pop("state", "open"))["task_id"]
        body = {"decision": decision} | fields
        decided = self.program.post(f"/v1/tasks/{task_id}/decision", body, role=role)
        self.program.settle()
        return decided


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("program")) as own:
        own.put("/v1/program", {"based_on_version": 0, "definition": SHORT_PROGRAM | TIERS})
        yield own


class ThreeWeeks:
    """Four buyers: one is refused, one gets the gift, one's gift nobody sends, one waits."""

    def __init__(self, program: Program) -> None:
        names = ("Refused", "Lucky", "Forgotten", "Patient")
        self.refused, self.lucky, self.forgotten, self.patient = (
            Buyer(program, name) for name in names
        )
        self.rejection = self.refused.decide("tier_review", "rejected", comment="a reseller")
        self.lucky.decide("tier_review", "approved")
        self.forgotten.decide("tier_review", "approved")
        self.gift = program.get(
            f"/v1/tasks/{self.lucky.task('gift_dispatch')['task_id']}", role="warehouse"
        )
        self.lucky.decide("gift_dispatch", "packed", role="warehouse")
        self.dispatch = self.lucky.decide(
            "gift_dispatch", "dispatched", role="warehouse", state="packed", tracking="1Z999"
        )
        self.waiting = (self.patient.tier, self.patient.visited())
        program.advance(THREE_WEEKS)
        self.patient.decide("tier_review", "approved", comment="at last")


@pytest.fixture(scope="module")
def weeks(program: Program) -> ThreeWeeks:
    return ThreeWeeks(program)


def vouchers(program: Program, buyer: Buyer) -> list[Json]:
    found: list[Json] = program.get(f"/v1/members/{buyer.member_id}/vouchers")["items"]
    return found


def test_a_managers_rejection(program: Program, weeks: ThreeWeeks) -> None:
    buyer = weeks.refused

    [decision] = weeks.rejection["decisions"]
    assert (decision["decision"], decision["decided_by"]) == ("rejected", "manager")
    assert decision["comment"] == "a reseller"
    assert buyer.visited() == [*TO_THE_REVIEW, "RejectUpgrade", "Rejected"]
    assert buyer.tier == "gold"
    assert vouchers(program, buyer) == []
    [rejected] = buyer.facts("TierUpgradeRejected")
    assert rejected["held_until"] == "2018-02"
    program.buys(buyer.customer, PLATINUM_MINOR)
    assert len(buyer.facts("TierUpgradeProposed")) == 1


def test_an_approval_after_three_weeks(program: Program, weeks: ThreeWeeks) -> None:
    buyer = weeks.patient

    assert weeks.waiting == ("gold", TO_THE_WAIT)
    assert buyer.tier == "platinum"
    reminders = buyer.facts("TaskReminded") + buyer.facts("TaskEscalated")
    reviews = [fact for fact in reminders if fact["kind"] == "tier_review"]
    assert len(reviews) >= 6
    assert buyer.visited() == [
        *TO_THE_REVIEW,
        *REMINDED * len(reviews),
        *TO_THE_GIFT,
        *TO_THE_DISPATCH,
    ]
    [voucher] = vouchers(program, buyer)
    assert voucher["state"] == "issued"
    [mail] = [subject for subject in program.subjects(buyer.customer) if "latinum" in subject]
    assert mail


def test_a_gift_that_is_dispatched(program: Program, weeks: ThreeWeeks) -> None:
    assert weeks.gift["gift"] == {
        "item": "Gift box",
        "quantity": 1,
        "name": "Lucky",
        "address": None,
    }
    assert weeks.gift["member_ids"] is None
    assert weeks.dispatch["state"] == "dispatched"
    assert [one["tracking"] for one in weeks.dispatch["decisions"]] == [None, "1Z999"]
    packed = [*READ, "RemindWarehouse", "KeepAwaitingDispatch", "AwaitDispatch"]
    assert weeks.lucky.visited() == [
        *TO_THE_REVIEW,
        *TO_THE_GIFT,
        *TO_THE_DISPATCH,
        *packed,
        *READ,
        "Dispatched",
    ]
    returned = weeks.lucky.decide("gift_dispatch", "returned", role="warehouse", state="dispatched")
    assert returned["state"] == "returned"


def test_a_gift_that_nobody_sends(program: Program, weeks: ThreeWeeks) -> None:
    buyer = weeks.forgotten

    task = buyer.task("gift_dispatch")
    assert task["state"] == "open"
    assert task["reminders"] >= 6
    assert task["escalated_at"] is not None
    [escalated] = buyer.facts("TaskEscalated")
    assert escalated["kind"] == "gift_dispatch"
    assert len(buyer.facts("TaskReminded")) == task["reminders"] - 1
    assert buyer.visited() == [
        *TO_THE_REVIEW,
        *TO_THE_GIFT,
        *TO_THE_DISPATCH,
        *WAREHOUSE_REMINDED * task["reminders"],
    ]
    buyer.decide("gift_dispatch", "cancelled", role="warehouse", comment="sold out")
    assert buyer.visited()[-1] == "GiftCancelled"


def test_a_task_is_decided_once(program: Program, weeks: ThreeWeeks) -> None:
    path = f"/v1/tasks/{weeks.rejection['task_id']}/decision"

    again = program.request("POST", path, {"decision": "rejected"}, role="admin")
    other = program.request("POST", path, {"decision": "approved"}, role="admin")

    assert again.status_code == 200
    assert again.json() == weeks.rejection
    assert (other.status_code, other.json()["code"]) == (409, "task_decided")


def test_nobody_decides_for_their_own_account(program: Program) -> None:
    buyer = Buyer(program, "Insider")
    task_id = buyer.task("tier_review")["task_id"]

    refused = program.request(
        "POST",
        f"/v1/tasks/{task_id}/decision",
        {"decision": "approved"},
        role=f"manager:{buyer.member_id}",
    )

    assert (refused.status_code, refused.json()["code"]) == (403, "own_account")
    assert buyer.tier == "gold"


def test_a_return_withdraws_the_review_and_a_new_order_asks_again(program: Program) -> None:
    buyer = Buyer(program, "Undecided")
    first = buyer.upgrade_id

    buyer.returns_some()

    assert program.visited(first, MACHINE) == [*TO_THE_REVIEW, "Withdrawn"]
    assert [fact["kind"] for fact in buyer.facts("TaskWithdrawn")] == ["tier_review"]
    program.buys(buyer.customer, 200_000)
    assert buyer.task("tier_review")["state"] == "open"
    assert len(buyer.facts("TierUpgradeProposed")) == 2


def test_a_return_takes_gift_and_voucher_back_unless_the_gift_was_sent(program: Program) -> None:
    kept, sent = Buyer(program, "Kept"), Buyer(program, "Sent")
    for buyer in (kept, sent):
        buyer.decide("tier_review", "approved")
    sent.decide("gift_dispatch", "dispatched", role="warehouse")
    for buyer in (kept, sent):
        assert buyer.tier == "platinum"
        buyer.returns_some()

    assert [buyer.tier for buyer in (kept, sent)] == ["gold", "gold"]
    assert [vouchers(program, buyer)[0]["state"] for buyer in (kept, sent)] == ["cancelled"] * 2
    assert kept.visited()[-2:] == ["IsDispatched", "GiftWithdrawn"]
    assert sent.task("gift_dispatch", "dispatched")["state"] == "dispatched"


def test_a_redeemed_gift_is_waited_for_and_sent(program: Program) -> None:
    buyer = Buyer(program, "Redeemer")
    program.post(
        f"/v1/members/{buyer.member_id}/adjustments",
        {"adjustment_id": "A-1", "points": 500, "reason": "a gesture"},
        role="manager",
    )
    mug = {"reward_id": "mug", "name": "Mug", "kind": "gift", "points": 200, "stock": 5}
    program.post("/v1/rewards", mug, role="manager")
    program.post(
        f"/v1/members/{buyer.member_id}/redemptions",
        {"redemption_id": "R-1", "reward_id": "mug", "quantity": 2},
    )
    program.settle()
    task_id = buyer.task("gift_dispatch")["task_id"]
    task = program.get(f"/v1/tasks/{task_id}", role="warehouse")
    assert task["gift"] == {"item": "Mug", "quantity": 2, "name": "Redeemer", "address": None}
    program.advance(3 * DAY)
    assert buyer.task("gift_dispatch")["reminders"] == 1

    buyer.decide("gift_dispatch", "dispatched", role="warehouse", tracking="1Z1000")

    assert program.visited(f"{buyer.member_id}-gift-{task_id}", MACHINE) == [
        "WhyStarted",
        "FindGiftTask",
        "IsGiftToBeSent",
        "AwaitDispatch",
        *WAREHOUSE_REMINDED,
        *READ,
        "Dispatched",
    ]

    redemptions = f"/v1/members/{buyer.member_id}/redemptions"
    program.post(redemptions, {"redemption_id": "R-2", "reward_id": "mug"})
    program.settle()
    unsent = buyer.task("gift_dispatch")["task_id"]
    program.post(f"{redemptions}/R-2/reversal", {}, role="manager")
    program.settle()
    assert program.visited(f"{buyer.member_id}-gift-{unsent}", MACHINE)[-1] == "GiftWithdrawn"
