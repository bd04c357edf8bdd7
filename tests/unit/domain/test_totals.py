from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.totals import (
    DAYS_KEPT,
    MONTHS_KEPT,
    DayTotals,
    MonthTotals,
    Purchase,
    count_in_days,
    count_in_months,
    points_on,
    posted,
)

DAY = date(2017, 3, 15)
PURCHASES = st.builds(
    Purchase,
    spend_minor=st.integers(0, 10_000),
    returned_minor=st.integers(0, 10_000),
    points_due=st.integers(-100, 100),
    points_posted=st.integers(-100, 100),
    orders=st.integers(0, 3),
)
DAYS = st.dates(date(2014, 1, 1), date(2017, 12, 31))
DAYS_OF_2017 = st.dates(date(2017, 1, 1), date(2017, 12, 31))


def months_of(*bought: tuple[date, Purchase]) -> tuple[MonthTotals, ...]:
    months: tuple[MonthTotals, ...] = ()
    for day, purchase in bought:
        months = count_in_months(months, day, purchase)
    return months


def test_orders_of_a_month_add_up() -> None:
    months = months_of(
        (date(2017, 3, 1), Purchase(spend_minor=500, points_due=5, points_posted=5, orders=1)),
        (date(2017, 3, 31), Purchase(spend_minor=700, points_due=7, orders=1)),
        (date(2017, 4, 1), Purchase(spend_minor=900, orders=1)),
        (date(2017, 3, 2), Purchase(returned_minor=200, points_due=-2)),
    )
    march = MonthTotals("2017-03", 1_200, 200, 10, 5, 2)
    assert months == (march, MonthTotals("2017-04", spend_minor=900, orders=1))
    assert (march.net_spend_minor, march.points_missing) == (1_000, 5)


@given(st.lists(st.tuples(DAYS, PURCHASES), max_size=80))
def test_nothing_is_lost_however_many_months_there_are(
    bought: list[tuple[date, Purchase]],
) -> None:
    months = months_of(*bought)
    assert len(months) <= MONTHS_KEPT
    assert [totals.month for totals in months] == sorted({totals.month for totals in months})
    for name in ("spend_minor", "returned_minor", "points_due", "points_posted", "orders"):
        assert sum(getattr(totals, name) for totals in months) == sum(
            getattr(purchase, name) for _, purchase in bought
        )


@given(st.lists(st.tuples(DAYS_OF_2017, PURCHASES), max_size=30))
def test_within_two_years_the_order_of_orders_does_not_matter(
    bought: list[tuple[date, Purchase]],
) -> None:
    assert months_of(*bought) == months_of(*reversed(bought))


def test_a_day_falls_out_when_another_comes_so_many_days_later() -> None:
    ten = Purchase(spend_minor=10, points_due=1, orders=1)
    kept = count_in_days(count_in_days((), DAY, ten), DAY + timedelta(days=DAYS_KEPT - 1), ten)
    assert [totals.day for totals in kept] == [DAY, DAY + timedelta(days=DAYS_KEPT - 1)]
    dropped = count_in_days(kept, DAY + timedelta(days=DAYS_KEPT), ten)
    assert DAY not in [totals.day for totals in dropped]


def test_points_of_a_day_are_without_those_taken_back() -> None:
    days = count_in_days((), DAY, Purchase(points_due=9, orders=1))
    days = count_in_days(days, DAY, Purchase(points_due=-4, returned_minor=40))
    assert points_on(days, (), DAY) == 5


def test_a_day_that_is_not_kept_may_have_earned_what_its_month_did_on_such_days() -> None:
    bought = [
        (date(2017, 3, 1), 10),
        (date(2017, 3, 2), 20),
        (date(2017, 3, 12), 40),
        (date(2017, 4, 15), 80),
    ]
    days: tuple[DayTotals, ...] = ()
    months: tuple[MonthTotals, ...] = ()
    for day, points in bought:
        days = count_in_days(days, day, Purchase(points_due=points))
        months = count_in_months(months, day, Purchase(points_due=points))
    first_kept = date(2017, 3, 12)
    assert points_on(days, months, first_kept) == 40
    assert points_on(days, months, first_kept - timedelta(days=1)) == 30
    assert points_on(days, months, date(2017, 2, 28)) == 0
    assert points_on(days, months, date(2017, 4, 1)) == 0


def test_who_never_bought_earned_nothing_on_any_day() -> None:
    assert points_on((), (), DAY) == 0


@given(st.lists(st.tuples(DAYS, st.integers(0, 9)), max_size=60), DAYS)
def test_no_day_is_taken_to_have_earned_less_than_it_did(
    bought: list[tuple[date, int]], asked: date
) -> None:
    days: tuple[DayTotals, ...] = ()
    months: tuple[MonthTotals, ...] = ()
    for day, points in bought:
        days = count_in_days(days, day, Purchase(points_due=points))
        months = count_in_months(months, day, Purchase(points_due=points))
    assert points_on(days, months, asked) >= sum(points for day, points in bought if day == asked)


def test_posting_up_to_a_month_leaves_later_ones_missing() -> None:
    months = (MonthTotals("2017-03", points_due=5), MonthTotals("2017-04", points_due=6))
    assert [totals.points_missing for totals in posted(months, "2017-03")] == [0, 6]
