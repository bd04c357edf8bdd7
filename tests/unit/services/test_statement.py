"""The figures of a statement: what can be had, what is missing, what was saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty.domain.ledger import Account, Lot
from loyalty.domain.member import Member
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.rewards import Reward
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.domain.totals import MonthTotals
from loyalty.services.statement import Figures, figures
from tests.support.examples import NOW, PROGRAM

NEXT_YEAR = NOW.replace(year=2018)
CATALOGUE = (
    Reward("mug", 1, "Mug", "product", 50),
    Reward("tote", 1, "Tote bag", "product", 100),
    Reward("dinner", 1, "Dinner", "access", 500),
    Reward("trip", 1, "Trip", "access", 900),
)


def standing(tier: str) -> TierStanding:
    return TierStanding((TierSpan(tier, NOW),))


def member(points: int = 100, tier: str = "member", **fields: Any) -> Member:
    account = Account(lots=(Lot(NEXT_YEAR, points),))
    known: dict[str, Any] = {"joined_at": NOW, "standing": standing(tier), "account": account}
    return Member("m1", 1, NOW, **(known | fields))


def of(someone: Member, definition: ProgramDefinition = PROGRAM, **more: Any) -> Figures:
    return figures(someone, definition, more.get("rewards", CATALOGUE), more.get("at", NOW))


def test_what_can_be_had_now_and_what_comes_next() -> None:
    found = of(member(100))
    assert [goal.reward_id for goal in found.obtainable] == ["tote", "mug"]
    assert found.cheapest_reward is not None
    assert (found.cheapest_reward.reward_id, found.cheapest_reward.missing) == ("dinner", 400)


@pytest.mark.parametrize(
    ("month", "uses", "is_top"),
    [
        ("2017-03", 3, True),
        ("2017-03", 2, False),
        ("2017-02", 3, True),
        ("2017-01", 3, False),
    ],
)
def test_a_top_customer_is_one_of_this_month_or_the_last(
    month: str, uses: int, is_top: bool
) -> None:
    used = (MonthUses(month, offers=uses, benefits=uses),)
    assert of(member(uses=used)).is_top is is_top


def test_who_can_have_everything_misses_nothing() -> None:
    assert of(member(900)).cheapest_reward is None
    assert len(of(member(900)).obtainable) == 4


def test_points_that_have_expired_buy_nothing() -> None:
    found = of(member(100), at=NEXT_YEAR)
    assert (found.points_available, found.obtainable) == (0, ())


@pytest.mark.parametrize(
    "changes", [{"retired_at": NOW}, {"stock": 0}, {"tiers": ("gold",)}], ids=str
)
def test_rewards_that_the_member_cannot_have_are_not_named(changes: dict[str, Any]) -> None:
    found = of(member(100), rewards=[replace(CATALOGUE[0], **changes)])
    assert (found.obtainable, found.cheapest_reward) == ((), None)
    too_few = of(member(10), rewards=[replace(CATALOGUE[0], **changes)])
    assert too_few.cheapest_reward is None


def test_the_way_to_the_next_tier_counts_the_qualification_period() -> None:
    months = (
        MonthTotals("2016-03", spend_minor=90_000),
        MonthTotals("2016-04", spend_minor=10_000),
        MonthTotals("2017-03", spend_minor=30_000, returned_minor=5_000),
    )
    found = of(member(months=months))
    assert (found.next_tier, found.missing, found.missing_unit) == ("gold", 65_000, "minor_units")


def test_tiers_by_points_are_missed_in_points() -> None:
    by_points = replace(PROGRAM, tier_basis="points")
    found = of(member(months=(MonthTotals("2017-03", points_due=400),)), by_points)
    assert (found.missing, found.missing_unit) == (99_600, "points")


def test_who_qualifies_but_was_not_evaluated_yet_misses_nothing() -> None:
    found = of(member(months=(MonthTotals("2017-03", spend_minor=150_000),)))
    assert (found.next_tier, found.missing) == ("gold", 0)


@pytest.mark.parametrize(
    ("someone", "definition"),
    [
        (member(tier="platinum"), PROGRAM),
        (member(), replace(PROGRAM, tiers_enabled=False)),
        (member(joined_at=None, standing=TierStanding()), PROGRAM),
    ],
    ids=["at the top", "no tiers", "no member"],
)
def test_nothing_is_above(someone: Member, definition: ProgramDefinition) -> None:
    found = of(someone, definition)
    assert (found.next_tier, found.missing, found.missing_unit) == (None, None, None)


def test_who_is_no_member_gets_no_rewards() -> None:
    assert of(member(joined_at=None)).obtainable == ()


def test_the_list_is_bounded() -> None:
    many = [Reward(f"r{number:02}", 1, "R", "access", number) for number in range(1, 41)]
    found = of(member(100), rewards=many)
    assert [goal.points for goal in found.obtainable] == list(range(40, 20, -1))


def test_more_taken_back_than_saved_is_shown_as_nothing() -> None:
    assert of(member(saved_minor=1_500)).saved_minor == 1_500
    assert of(member(saved_minor=-100)).saved_minor == 0
