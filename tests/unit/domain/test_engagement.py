"""Benefit uses by month."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.domain.engagement import (
    MONTHS_KEPT,
    MonthUses,
    count_use,
    is_top_in,
    uses_in,
    with_use,
)
from loyalty.domain.member import Member
from tests.support.examples import NOW, PROGRAM


def of_offers(uses: int) -> tuple[MonthUses, ...]:
    return (MonthUses("2017-03", offers=uses, benefits=uses),)


def test_an_offer_counts_as_an_offer_and_as_a_benefit() -> None:
    counted = count_use((), "2017-03", is_offer=True)
    assert count_use(counted, "2017-03", is_offer=False) == (MonthUses("2017-03", 1, 2),)


def test_a_use_is_taken_back_from_its_own_month() -> None:
    march_and_april = count_use(of_offers(2), "2017-04", is_offer=True)
    left = count_use(march_and_april, "2017-03", is_offer=True, sign=-1)
    assert left == (MonthUses("2017-03", 1, 1), MonthUses("2017-04", 1, 1))


def test_nothing_falls_below_zero() -> None:
    assert count_use((), "2017-03", is_offer=True, sign=-1) == (MonthUses("2017-03"),)


def test_old_months_are_dropped() -> None:
    uses: tuple[MonthUses, ...] = ()
    for number in range(1, MONTHS_KEPT + 3):
        uses = count_use(uses, f"20{16 + number // 12}-{number % 12 + 1:02}", is_offer=False)
    assert len(uses) == MONTHS_KEPT
    assert uses_in(uses, "2016-02").benefits == 0


@pytest.mark.parametrize(("uses", "is_top"), [(2, False), (3, True), (4, True)])
def test_three_uses_of_offers_make_a_top_customer(uses: int, is_top: bool) -> None:
    assert is_top_in(of_offers(uses), "2017-03", PROGRAM) is is_top


def test_other_benefits_do_not() -> None:
    assert not is_top_in((MonthUses("2017-03", offers=2, benefits=9),), "2017-03", PROGRAM)


def test_the_month_is_the_programs() -> None:
    member = Member(member_id="m-1", version=1, created_at=NOW)
    # 22:30 UTC is after midnight in Berlin, in summer.
    late = datetime(2017, 3, 31, 22, 30, tzinfo=UTC)
    counted = with_use(member, late, PROGRAM, is_offer=True)
    assert counted == replace(member, uses=(MonthUses("2017-04", 1, 1),))
