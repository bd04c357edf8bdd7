"""Months of engagement, worked out again by hand: accepted in February, judged on the second."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.replay.engagement import Engagement, engagement, reviews
from local.replay.journal import OfferUsed

START = datetime(2017, 1, 1, tzinfo=UTC)
JUNE_3 = datetime(2017, 6, 3, tzinfo=UTC)
FEBRUARY_10 = datetime(2017, 2, 10, tzinfo=UTC)


def use(
    month: int,
    day: int,
    order_id: str = "o-1",
    offer_id: str = "fresh",
    taken_back_at: datetime | None = None,
) -> OfferUsed:
    at = datetime(2017, month, day, 12, tzinfo=UTC)
    return OfferUsed(7, offer_id, order_id, at, 0, taken_back_at)


def found(
    *uses: OfferUsed, accepted_at: datetime | None = FEBRUARY_10, end: datetime = JUNE_3
) -> Engagement:
    return engagement(accepted_at, uses, 3, list(reviews(START, end)))


def test_months_are_judged_on_the_second_of_the_next_one_at_five() -> None:
    at_five = datetime(2017, 3, 2, 5, tzinfo=UTC)
    assert list(reviews(START, at_five)) == [
        (datetime(2017, 1, 2, 5, tzinfo=UTC), "2016-12"),
        (datetime(2017, 2, 2, 5, tzinfo=UTC), "2017-01"),
        (at_five, "2017-02"),
    ]


def test_the_first_whole_month_without_a_use_lapses() -> None:
    assert found() == Engagement("", "2017-03", "lapsed")
    assert found(accepted_at=None) == Engagement()


def test_any_use_brings_back_and_the_next_whole_month_counts() -> None:
    assert found(use(4, 20)) == Engagement("", "2017-03 2017-05", "lapsed")
    assert found(use(4, 20), use(5, 1)) == Engagement("", "2017-03", "active")
    assert found(use(6, 1)) == Engagement("", "2017-03", "active")


def test_who_accepts_later_is_judged_later() -> None:
    in_april = datetime(2017, 4, 1, 0, 0, 1, tzinfo=UTC)
    assert found(accepted_at=in_april) == Engagement("", "2017-05", "lapsed")
    assert found(accepted_at=datetime(2017, 4, 1, tzinfo=UTC)).lapsed == "2017-04"


@pytest.mark.parametrize(
    ("uses", "top"),
    [
        ([use(3, 1), use(3, 2, "o-2"), use(3, 31, "o-3")], "2017-03"),
        ([use(3, 1), use(3, 1, offer_id="bread"), use(3, 2, "o-2")], "2017-03"),
        ([use(3, 1), use(3, 1), use(3, 2, "o-2")], ""),
        ([use(3, 1), use(3, 2, "o-2"), use(4, 1, "o-3")], ""),
        ([use(3, 1), use(3, 2, "o-2"), use(3, 3, "o-3", taken_back_at=JUNE_3)], ""),
        (
            [use(3, 1), use(3, 1, taken_back_at=JUNE_3), use(3, 2, "o-2"), use(3, 3, "o-3")],
            "2017-03",
        ),
    ],
)
def test_three_different_uses_left_make_a_top_customer(uses: list[OfferUsed], top: str) -> None:
    assert found(*uses).top == top


def test_what_was_taken_back_before_the_review_was_no_use() -> None:
    before, after = (datetime(2017, 4, 2, hour, tzinfo=UTC) for hour in (5, 6))
    assert found(use(3, 20, taken_back_at=before)).lapsed == "2017-03"
    assert found(use(3, 20, taken_back_at=after)).lapsed == "2017-04"
