from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.domain.member import Member
from loyalty.domain.tier_upgrades import approve, is_in_review, reject, stands
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from tests.support.examples import NOW, PROGRAM

MARCH, APRIL = "2017-03", "2017-04"
U = "ada-2017-03-platinum-5"
GOLD = TierSpan("gold", NOW, "2017-01", "ada-2017-01-gold-2")
WAITING = TierStanding((TierSpan("member", NOW), GOLD), review=TierReview("platinum", MARCH, U))
ADA = Member(
    "ada",
    version=5,
    created_at=NOW,
    standing=WAITING,
    months=(MonthTotals(MARCH, spend_minor=300_000, orders=1),),
)
THEN = datetime(2017, 4, 5, 12, tzinfo=UTC)


def test_a_yes_moves_the_member_up() -> None:
    step = approve(ADA, U, PROGRAM, APRIL, THEN)
    assert step is not None
    span = TierSpan("platinum", THEN, MARCH, U)
    assert step.member.standing == TierStanding((*WAITING.spans, span))
    assert step.member.version == 6
    (fact,) = step.changes
    assert (fact.event, fact.member_version) == ("TierChanged", 6)
    assert fact.data["reason"] == "approved"
    assert fact.data["qualifying"] == 300_000


def test_a_yes_is_too_late_for_one_who_brought_too_much_back() -> None:
    returned = replace(
        ADA, months=(MonthTotals(MARCH, spend_minor=300_000, returned_minor=1, orders=1),)
    )
    step = approve(returned, U, PROGRAM, APRIL, THEN)
    assert step is not None
    assert step.member.standing == replace(WAITING, review=None)
    assert [fact.event for fact in step.changes] == ["TierUpgradeWithdrawn"]


def test_a_yes_after_the_turn_of_the_period_still_counts() -> None:
    by_year = replace(PROGRAM, tier_period="calendar_year")
    step = approve(ADA, U, by_year, "2018-01", datetime(2018, 1, 2, tzinfo=UTC))
    assert step is not None
    assert step.member.tier == "platinum"


def test_what_was_bought_since_makes_good_what_came_back() -> None:
    months = (
        MonthTotals(MARCH, spend_minor=300_000, returned_minor=50_000, orders=1),
        MonthTotals(APRIL, spend_minor=50_000, orders=1),
    )
    step = approve(replace(ADA, months=months), U, PROGRAM, APRIL, THEN)
    assert step is not None
    assert step.member.tier == "platinum"


@pytest.mark.parametrize(
    "changed",
    [
        {"tiers_enabled": False},
        {"tiers": PROGRAM.tiers[:2]},
        {"tiers": (*PROGRAM.tiers[:2], replace(PROGRAM.tiers[2], threshold=300_001))},
    ],
    ids=["switched off", "gone", "dearer"],
)
def test_the_program_of_the_yes_decides(changed: dict[str, object]) -> None:
    step = approve(ADA, U, replace(PROGRAM, **changed), APRIL, THEN)  # type: ignore[arg-type]
    assert step is not None
    assert step.member.tier == "gold"
    assert [fact.event for fact in step.changes] == ["TierUpgradeWithdrawn"]


def test_a_grace_that_runs_is_kept_by_a_withdrawal() -> None:
    standing = replace(WAITING, grace_until="2017-06")
    step = approve(replace(ADA, standing=standing, months=()), U, PROGRAM, APRIL, THEN)
    assert step is not None
    assert step.member.standing == replace(standing, review=None)


def test_a_no_holds_for_the_qualification_period() -> None:
    step = reject(ADA, U, PROGRAM, THEN)
    assert step is not None
    assert step.member.standing == replace(WAITING, review=None, held_until="2018-02")
    (fact,) = step.changes
    assert fact.event == "TierUpgradeRejected"
    assert fact.data == {
        "upgrade_id": U,
        "to_tier": "platinum",
        "month": MARCH,
        "held_until": "2018-02",
    }


@pytest.mark.parametrize("standing", [TierStanding(), WAITING])
def test_another_or_no_review_is_left_alone(standing: TierStanding) -> None:
    member = replace(ADA, standing=standing)
    assert approve(member, "another", PROGRAM, APRIL, THEN) is None
    assert reject(member, "another", PROGRAM, THEN) is None
    assert not is_in_review(member, "another")
    assert is_in_review(ADA, U)


class TestStanding:
    PLATINUM = TierSpan("platinum", THEN, MARCH, U)
    UNDONE = replace(PLATINUM, undone=True)
    DOWN = TierSpan("gold", THEN)

    def test_an_upgrade_stands_until_it_is_undone(self) -> None:
        assert stands((*WAITING.spans, self.PLATINUM), U)
        assert not stands(WAITING.spans, U)
        assert not stands((*WAITING.spans, self.UNDONE, GOLD), U)

    def test_a_further_upgrade_leaves_it_also_when_that_is_undone(self) -> None:
        gold_id = str(GOLD.upgrade_id)
        assert stands((*WAITING.spans, self.PLATINUM), gold_id)
        assert stands((*WAITING.spans, self.UNDONE, GOLD), gold_id)

    def test_a_tier_lost_at_an_evaluation_was_earned(self) -> None:
        assert stands((*WAITING.spans, self.PLATINUM, self.DOWN), U)

    def test_one_that_was_undone_before_the_next_does_not_come_back(self) -> None:
        spans = (*WAITING.spans, self.UNDONE, GOLD, replace(self.PLATINUM, upgrade_id="u2"))
        assert not stands(spans, U)
        assert stands(spans, "u2")
