from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.contracts.evaluation import MemberSnapshot, TierUpgrade, UpdatedBalance, UpdatedTier
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Member
from loyalty.services import evaluate_member as steps
from loyalty.services.ports import MemberChange
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.shop import Shop, customer, money_back

MARCH = "2017-03"
# The evaluation of March: the third of April, after three.
EVALUATED = datetime(2017, 4, 3, 1, tzinfo=UTC)


class Evaluation:
    """Runs the steps as the machine does, on what an order and a return left."""

    def __init__(self, **rules: Any) -> None:
        self.shop = Shop(replace(PROGRAM, **rules))
        self.member_id = self.shop.a_member()
        self.ports: dict[str, Any] = {
            "store": self.shop.store,
            "program": self.shop.program,
            "clock": self.shop.clock,
        }

    def buy(self, order_id: str, amount_minor: int, *, at: datetime = NOW) -> None:
        order = an_order(order_id, amount_minor, occurred_at=at)
        self.shop.sell(order, customer(member_id=self.member_id))

    @property
    def member(self) -> Member:
        return self.shop.member(self.member_id)

    def snapshot(self, month: str = MARCH) -> MemberSnapshot:
        profile = steps.retrieve_customer_profile(self.member_id, month, **self.ports)
        assert profile.member is not None
        return profile.member

    def transactions(self, month: str = MARCH) -> Any:
        return steps.get_recent_transactions(self.member_id, month, "month", **self.ports)

    def post(self, seen: MemberSnapshot, month: str = MARCH) -> UpdatedBalance:
        return steps.update_points_balance(seen, month, self.transactions(month), **self.ports)

    def move(self, seen: MemberSnapshot, month: str = MARCH) -> UpdatedTier:
        program, clock = self.shop.program, self.shop.clock
        eligibility = steps.determine_tier_eligibility(
            seen, month, self.transactions(month), program=program, clock=clock
        )
        return steps.update_tier(seen, month, eligibility.decision, **self.ports)

    def evaluate(self, month: str = MARCH) -> tuple[int, str | None]:
        updated = self.post(self.snapshot(month), month)
        return updated.points_posted, self.move(updated.member, month).tier


def at_evaluation(**rules: Any) -> Evaluation:
    evaluation = Evaluation(**rules)
    evaluation.buy("O-1", 100_000)
    evaluation.shop.clock.at = EVALUATED
    return evaluation


class TestReading:
    def test_a_profile_tells_tier_and_balance(self) -> None:
        profile = steps.retrieve_customer_profile(
            (evaluation := at_evaluation()).member_id, MARCH, **evaluation.ports
        )
        assert (profile.is_member, profile.tier, profile.points_pending) == (True, "member", 100)
        assert (profile.month, profile.period) == (MARCH, "month")

    def test_nothing_personal_is_handed_on(self) -> None:
        evaluation = Evaluation()
        mail = "ada@example.com"
        evaluation.shop.sell(
            an_order("O-9", 10), customer(member_id=evaluation.member_id, email=mail, name="Ada")
        )
        profile = steps.retrieve_customer_profile(evaluation.member_id, MARCH, **evaluation.ports)
        text = profile.model_dump_json()
        assert mail not in text
        assert "Ada" not in text

    def test_who_is_no_member_is_not_evaluated(self) -> None:
        evaluation = Evaluation()
        sold = evaluation.shop.sell(an_order("O-1"), customer(card="0815"))
        stranger = str(sold.answer["member_id"])
        assert not steps.retrieve_customer_profile(stranger, MARCH, **evaluation.ports).is_member
        assert not steps.retrieve_customer_profile("nobody", MARCH, **evaluation.ports).is_member

    def test_the_month_is_what_was_bought_in_it_less_what_came_back(self) -> None:
        evaluation = Evaluation()
        evaluation.buy("O-1", 10_000)
        evaluation.shop.clock.at = datetime(2017, 4, 2, tzinfo=UTC)
        evaluation.buy("O-2", 5_000, at=datetime(2017, 4, 1, tzinfo=UTC))
        evaluation.shop.take_back(money_back(2_500, at=datetime(2017, 4, 1, tzinfo=UTC)))
        transactions = evaluation.transactions()
        assert (transactions.orders, transactions.spend_minor) == (1, 10_000)
        assert steps.calculate_total_spend(transactions).spend_minor == 7_500
        calculated = steps.calculate_points(MARCH, transactions)
        assert (calculated.points_due, calculated.points_missing) == (8, ())

    @pytest.mark.parametrize(("days_later", "orders"), [(29, 1), (30, 0)])
    def test_ad_hoc_the_last_thirty_days_count(self, days_later: int, orders: int) -> None:
        evaluation = Evaluation()
        evaluation.buy("O-1", 10_000)
        evaluation.shop.clock.at = NOW + timedelta(days=days_later)
        profile = steps.retrieve_customer_profile(evaluation.member_id, None, **evaluation.ports)
        transactions = steps.get_recent_transactions(
            evaluation.member_id, profile.month, profile.period, **evaluation.ports
        )
        assert (profile.month, profile.period) == ("2017-04", "last_30_days")
        assert transactions.orders == orders


class TestPoints:
    def test_orders_have_posted_theirs_already(self) -> None:
        evaluation = at_evaluation()
        version = evaluation.member.version
        assert evaluation.post(evaluation.snapshot()).points_posted == 0
        assert evaluation.member.version == version

    def test_a_monthly_program_posts_them_at_the_evaluation(self) -> None:
        evaluation = at_evaluation(accrual_mode="monthly")
        assert evaluation.member.account.points_pending == 0
        assert evaluation.post(evaluation.snapshot()).points_posted == 100
        assert evaluation.member.account.points_pending == 100
        assert evaluation.post(evaluation.snapshot()).points_posted == 0

    def test_a_step_that_is_run_again_says_the_same_and_posts_nothing(self) -> None:
        evaluation = at_evaluation(accrual_mode="monthly")
        seen, transactions = evaluation.snapshot(), evaluation.transactions()
        first = steps.update_points_balance(seen, MARCH, transactions, **evaluation.ports)
        again = steps.update_points_balance(seen, MARCH, transactions, **evaluation.ports)
        assert again == first
        assert len(evaluation.shop.store.ledger) == 1

    def test_a_return_after_the_posting_is_taken_back_by_the_next_evaluation(self) -> None:
        evaluation = at_evaluation(accrual_mode="monthly")
        evaluation.post(evaluation.snapshot())
        answer = evaluation.shop.take_back(money_back(50_000, at=EVALUATED)).answer
        assert answer["points_reversed"] == 0
        assert evaluation.member.account.points_pending == 100
        evaluation.shop.clock.at = datetime(2017, 5, 3, tzinfo=UTC)
        assert evaluation.post(evaluation.snapshot("2017-04"), "2017-04").points_posted == -50

    def test_somebody_elses_change_meanwhile_is_kept(self) -> None:
        evaluation = at_evaluation(accrual_mode="monthly")
        seen, transactions = evaluation.snapshot(), evaluation.transactions()
        evaluation.buy("O-2", 50_000)
        updated = steps.update_points_balance(seen, MARCH, transactions, **evaluation.ports)
        assert updated.points_posted == 150
        assert evaluation.member.months[0].points_missing == 0

    def test_a_member_who_left_meanwhile_gets_nothing(self) -> None:
        evaluation = at_evaluation(accrual_mode="monthly")
        seen, transactions = evaluation.snapshot(), evaluation.transactions()
        gone = replace(evaluation.member, version=evaluation.member.version + 1, status="left")
        evaluation.shop.store.commit(MemberChange(gone, gone.version - 1))
        with pytest.raises(MemberNotFound):
            steps.update_points_balance(seen, MARCH, transactions, **evaluation.ports)

    @given(
        amounts=st.lists(st.integers(0, 400_000), min_size=1, max_size=8),
        returned=st.integers(0, 400_000),
    )
    def test_both_modes_end_the_month_with_the_same_points(
        self, amounts: list[int], returned: int
    ) -> None:
        ends = []
        for mode in ("per_order", "monthly"):
            evaluation = Evaluation(accrual_mode=mode, points_per_day_cap=300)
            for number, amount_minor in enumerate(amounts):
                evaluation.buy(f"O-{number}", amount_minor, at=NOW - timedelta(hours=number))
            if back_minor := min(returned, amounts[0]):
                evaluation.shop.take_back(money_back(back_minor), order_id="O-0")
            evaluation.shop.clock.at = EVALUATED
            evaluation.evaluate()
            ends.append(evaluation.member.account.points_pending)
        assert ends[0] == ends[1]


class TestTiers:
    def test_who_qualifies_is_moved_up_once(self) -> None:
        evaluation = at_evaluation()
        seen = evaluation.snapshot()
        version = evaluation.member.version + 1
        upgrade_id = f"{evaluation.member_id}-{MARCH}-gold-{version}"
        upgrade = TierUpgrade(upgrade_id=upgrade_id, to_tier="gold")
        assert evaluation.move(seen) == UpdatedTier(tier="gold", upgrades=(upgrade,))
        assert evaluation.move(seen) == UpdatedTier(tier="gold", upgrades=(upgrade,))
        assert evaluation.move(evaluation.snapshot()) == UpdatedTier(
            tier="gold", upgrades=(upgrade,)
        )
        assert evaluation.member.version == version

    def test_only_what_moves_is_written(self) -> None:
        evaluation = at_evaluation()
        before = evaluation.member
        evaluation.move(evaluation.snapshot())
        after = evaluation.member
        assert replace(after, version=before.version, standing=before.standing) == before

    @pytest.mark.parametrize("month", ["2017-02", "2017-04"])
    def test_another_month_than_the_last_whole_one_moves_nobody(self, month: str) -> None:
        evaluation = at_evaluation()
        assert evaluation.evaluate(month) == (0, "member")

    def test_an_upgrade_that_a_broken_run_made_is_found_again(self) -> None:
        evaluation = at_evaluation()
        evaluation.evaluate()
        eligibility = steps.determine_tier_eligibility(
            evaluation.snapshot(),
            MARCH,
            evaluation.transactions(),
            program=evaluation.shop.program,
            clock=evaluation.shop.clock,
        )
        assert not eligibility.changes
        assert [upgrade.to_tier for upgrade in eligibility.upgrades] == ["gold"]

    def test_a_return_meanwhile_takes_the_upgrade_away(self) -> None:
        evaluation = at_evaluation()
        seen, transactions = evaluation.snapshot(), evaluation.transactions()
        evaluation.shop.take_back(money_back(1))
        decision = steps.determine_tier_eligibility(
            seen, MARCH, transactions, program=evaluation.shop.program, clock=evaluation.shop.clock
        ).decision
        assert decision.tier == "gold"
        assert steps.update_tier(seen, MARCH, decision, **evaluation.ports).tier == "member"

    def test_an_order_of_next_month_meanwhile_changes_nothing_of_it(self) -> None:
        evaluation = at_evaluation()
        seen = evaluation.snapshot()
        evaluation.buy("O-2", 900_000, at=EVALUATED)
        assert evaluation.move(seen).tier == "gold"


class TestAtOnce:
    def test_the_order_that_reaches_a_tier_moves_its_member_up(self) -> None:
        evaluation = Evaluation(tier_upgrade="at_once")
        evaluation.buy("O-1", 99_999)
        assert evaluation.member.tier == "member"
        evaluation.buy("O-2", 1)
        assert evaluation.member.tier == "gold"
        evaluation.buy("O-3", 10_000)
        assert evaluation.shop.store.accepted_orders[an_order("O-3").key].points == 12
        *_, change = evaluation.shop.store.history.values()
        assert (change.event, change.data["reason"]) == ("TierChanged", "order")

    def test_the_months_upgrade_is_made_good_though_another_followed(self) -> None:
        tiers = tuple(replace(tier, needs_approval=False) for tier in PROGRAM.tiers)
        evaluation = Evaluation(tier_upgrade="at_once", tiers=tiers)
        evaluation.buy("O-1", 100_000)
        gold = evaluation.member.standing.spans[-1].upgrade_id
        evaluation.shop.clock.at = EVALUATED
        evaluation.buy("O-2", 200_000, at=EVALUATED)
        assert evaluation.member.tier == "platinum"
        moved = evaluation.move(evaluation.snapshot())
        assert moved.upgrades == (TierUpgrade(upgrade_id=str(gold), to_tier="gold"),)

    def test_all_upgrades_of_the_month_are_made_good_but_those_undone(self) -> None:
        tiers = tuple(replace(tier, needs_approval=False) for tier in PROGRAM.tiers)
        evaluation = Evaluation(tier_upgrade="at_once", tiers=tiers)
        evaluation.buy("O-1", 250_000)
        evaluation.buy("O-2", 50_000)
        gold, platinum = (span.upgrade_id for span in evaluation.member.standing.spans[1:])
        evaluation.shop.clock.at = EVALUATED
        moved = evaluation.move(evaluation.snapshot())
        assert [upgrade.upgrade_id for upgrade in moved.upgrades] == [gold, platinum]
        evaluation.shop.take_back(money_back(100_000))
        moved = evaluation.move(evaluation.snapshot())
        assert [upgrade.upgrade_id for upgrade in moved.upgrades] == [gold]

    def test_an_order_never_moves_anybody_down(self) -> None:
        evaluation = Evaluation(tier_upgrade="at_once", tier_grace_months=0)
        evaluation.buy("O-1", 100_000)
        evaluation.shop.clock.at = NOW + timedelta(days=500)
        evaluation.buy("O-2", 1, at=NOW + timedelta(days=500))
        assert evaluation.member.tier == "gold"

    def test_its_return_takes_the_tier_back(self) -> None:
        evaluation = Evaluation(tier_upgrade="at_once")
        evaluation.buy("O-1", 100_000)
        evaluation.shop.take_back(money_back(1))
        assert evaluation.member.tier == "member"

    @pytest.mark.parametrize("split", [(200_001,), (1, 200_000), (100_000, 100_000, 1)])
    def test_however_goods_come_back_every_upgrade_they_led_to_is_undone(
        self, split: tuple[int, ...]
    ) -> None:
        tiers = tuple(replace(tier, needs_approval=False) for tier in PROGRAM.tiers)
        evaluation = Evaluation(tier_upgrade="at_once", tiers=tiers)
        evaluation.buy("O-1", 250_000)
        evaluation.buy("O-2", 50_000)
        gold, platinum = (span.upgrade_id for span in evaluation.member.standing.spans[1:])
        for number, amount_minor in enumerate(split):
            evaluation.shop.take_back(money_back(amount_minor, f"R-{number}"))
        assert evaluation.member.tier == "member"
        undone = [
            change.data["undone_upgrade_id"]
            for change in evaluation.shop.store.history.values()
            if change.event == "TierChanged" and change.data["reason"] == "return"
        ]
        assert undone == [platinum, gold]
