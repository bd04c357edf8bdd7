from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tiers import (
    TierDecision,
    TierReview,
    TierSpan,
    TierStanding,
    after_return,
    decide,
    eligible_tier,
    held_until,
    qualifying,
    tier_at,
)
from loyalty.domain.totals import MonthTotals
from tests.support.examples import PROGRAM

MARCH = "2017-03"
JOINED = datetime(2016, 1, 1, tzinfo=UTC)
MOVED = datetime(2017, 4, 3, tzinfo=UTC)
MEMBER = TierStanding((TierSpan("member", JOINED),))
GOLD_ID = "ada-2017-03-gold"
GOLD = TierStanding((TierSpan("member", JOINED), TierSpan("gold", MOVED, MARCH, GOLD_ID)))
PLATINUM = TierStanding((*GOLD.spans, TierSpan("platinum", MOVED, MARCH, "ada-2017-03-platinum")))
AFTER = datetime(2017, 4, 20, tzinfo=UTC)
REVIEWED = TierReview("platinum", MARCH, "ada-2017-03-platinum")


def spent(amount_minor: int, month: str = MARCH, returned_minor: int = 0) -> MonthTotals:
    return MonthTotals(month, amount_minor, returned_minor, points_due=amount_minor // 1000)


def decided(standing: TierStanding, *months: MonthTotals, month: str = MARCH) -> TierDecision:
    return decide(standing, months, PROGRAM, month)


@pytest.mark.parametrize(
    ("amount_minor", "tier"),
    [
        (0, "member"),
        (99_999, "member"),
        (100_000, "gold"),
        (299_999, "gold"),
        (300_000, "platinum"),
    ],
)
def test_a_tier_is_reached_with_its_threshold(amount_minor: int, tier: str) -> None:
    assert eligible_tier(PROGRAM, amount_minor) == tier


def test_twelve_months_count_up_to_the_evaluated_one() -> None:
    months = (
        spent(1, "2016-03"),
        spent(10, "2016-04"),
        spent(100, "2017-03", returned_minor=40),
        spent(1000, "2017-04"),
    )
    assert qualifying(months, PROGRAM, MARCH) == 70


def test_a_calendar_year_counts_from_its_january() -> None:
    yearly = replace(PROGRAM, tier_period="calendar_year")
    assert qualifying((spent(1, "2016-12"), spent(10, "2017-01")), yearly, MARCH) == 10
    assert held_until(yearly, MARCH) == "2017-12"
    assert held_until(PROGRAM, MARCH) == "2018-02"


def test_points_qualify_where_the_program_says_so() -> None:
    by_points = replace(PROGRAM, tier_basis="points")
    assert qualifying((spent(50_000),), by_points, MARCH) == 50


def test_who_reaches_gold_is_moved_up() -> None:
    assert decided(MEMBER, spent(100_000)) == TierDecision("gold", 100_000, reason="upgraded")


def test_who_spends_one_cent_less_stays() -> None:
    assert decided(MEMBER, spent(99_999)) == TierDecision("member", 99_999)


def test_a_tier_that_needs_approval_is_proposed_and_the_one_below_given() -> None:
    decision = decided(MEMBER, spent(300_000))
    assert decision == TierDecision("gold", 300_000, reason="upgraded", proposed="platinum")


def test_a_proposal_is_made_once() -> None:
    assert decided(replace(GOLD, review=REVIEWED), spent(300_000)) == TierDecision("gold", 300_000)


@pytest.mark.parametrize(("month", "proposed"), [("2018-02", None), ("2018-03", "platinum")])
def test_a_no_holds_for_the_qualification_period(month: str, proposed: str | None) -> None:
    standing = replace(GOLD, held_until="2018-02")
    assert decided(standing, spent(300_000, month), month=month).proposed == proposed


def test_a_proposal_that_is_no_longer_qualified_for_is_withdrawn() -> None:
    decision = decided(replace(GOLD, review=REVIEWED), spent(299_999))
    assert decision == TierDecision("gold", 299_999, withdrawn=True)


def test_a_lost_tier_is_kept_for_the_months_of_grace() -> None:
    warned = decided(GOLD, spent(99_999))
    assert warned == TierDecision("gold", 99_999, grace_until="2017-04")
    in_grace = replace(GOLD, grace_until="2017-04")
    assert decided(in_grace, spent(99_999)) == warned  # the same month again
    lost = decided(in_grace, spent(99_999), month="2017-04")
    assert lost == TierDecision("member", 99_999, reason="downgraded")


def test_who_qualifies_again_in_time_keeps_the_tier_without_a_warning() -> None:
    in_grace = replace(GOLD, grace_until="2017-04")
    assert decided(in_grace, spent(100_000), month="2017-04") == TierDecision("gold", 100_000)


def test_without_grace_a_tier_is_lost_at_once() -> None:
    strict = replace(PROGRAM, tier_grace_months=0)
    assert decide(GOLD, (spent(0),), strict, MARCH).reason == "downgraded"


def test_an_older_month_does_not_judge_what_a_later_one_led_to() -> None:
    february = "2017-02"
    waiting = replace(GOLD, review=REVIEWED)
    assert decided(waiting, spent(300_000), month=february) == TierDecision("gold", 0)
    assert decided(waiting, spent(50_000), month=MARCH).withdrawn
    warned = replace(GOLD, grace_until="2017-04")
    assert decided(warned, spent(300_000), month=february).grace_until == "2017-04"


def test_switched_off_nobody_moves() -> None:
    off = replace(PROGRAM, tiers_enabled=False)
    assert decide(MEMBER, (spent(900_000),), off, MARCH) == TierDecision("member", 900_000)


def test_the_tier_of_an_instant() -> None:
    assert tier_at((), MOVED) is None
    assert tier_at(GOLD.spans, datetime(2015, 1, 1, tzinfo=UTC)) == "member"
    assert tier_at(GOLD.spans, datetime(2017, 4, 2, 23, 59, tzinfo=UTC)) == "member"
    assert tier_at(GOLD.spans, MOVED) == "gold"


class TestAfterAReturn:
    def undone(
        self,
        standing: TierStanding,
        *months: MonthTotals,
        month: str = "2017-04",
        program: ProgramDefinition = PROGRAM,
    ) -> TierDecision | None:
        return after_return(standing, months, program, month)

    def test_an_upgrade_is_undone_when_its_period_no_longer_qualifies(self) -> None:
        decision = self.undone(GOLD, spent(100_000, returned_minor=1))
        assert decision == TierDecision("member", 99_999, reason="return", back_in=MEMBER.spans[0])

    def test_it_holds_at_the_threshold(self) -> None:
        assert self.undone(GOLD, spent(110_000, returned_minor=10_000)) is None

    def test_what_was_bought_since_makes_up_for_it(self) -> None:
        since = spent(1, "2017-04")
        assert self.undone(GOLD, spent(100_000, returned_minor=1), since) is None

    def test_one_upgrade_is_undone_at_a_time(self) -> None:
        decision = self.undone(PLATINUM, spent(300_000, returned_minor=290_000))
        assert decision is not None
        assert (decision.tier, decision.back_in) == ("gold", GOLD.spans[-1])

    def test_the_upgrade_below_is_undone_from_the_tier_fallen_back_to(self) -> None:
        back_in_gold = replace(GOLD.spans[-1], since=AFTER)
        fallen = (*GOLD.spans, replace(PLATINUM.spans[-1], undone=True), back_in_gold)
        assert self.undone(TierStanding(fallen), spent(300_000, returned_minor=200_000)) is None
        decision = self.undone(TierStanding(fallen), spent(300_000, returned_minor=200_001))
        assert decision is not None
        assert (decision.tier, decision.back_in) == ("member", MEMBER.spans[0])

    def test_a_tier_in_between_can_be_undone_too(self) -> None:
        straight_up = TierStanding((MEMBER.spans[0], PLATINUM.spans[-1]))
        decision = self.undone(straight_up, spent(300_000, returned_minor=1))
        assert decision is not None
        assert decision.back_in == TierSpan("gold", MOVED, MARCH)
        in_between = TierStanding((*straight_up.spans, decision.back_in))
        further = self.undone(in_between, spent(300_000, returned_minor=299_999))
        assert further is not None
        assert further.tier == "member"

    def test_the_tier_everybody_begins_in_is_never_undone(self) -> None:
        assert self.undone(MEMBER, spent(10, returned_minor=10)) is None

    def test_a_tier_that_a_member_fell_to_is_not_undone(self) -> None:
        fallen = replace(GOLD, spans=(*GOLD.spans, TierSpan("member", MOVED)))
        assert self.undone(fallen, spent(10, returned_minor=10)) is None

    def test_an_upgrade_that_waits_is_withdrawn(self) -> None:
        standing = replace(GOLD, review=REVIEWED)
        decision = self.undone(standing, spent(300_000, returned_minor=1))
        assert decision is not None
        assert (decision.tier, decision.reason, decision.withdrawn) == ("gold", None, True)
