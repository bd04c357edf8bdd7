"""What of an order is eligible, and what it earns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.earning import earn
from loyalty.domain.errors import UnknownCurrency
from loyalty.domain.orders import OrderLine, Tender
from loyalty.domain.program import EarnBonus
from tests.support.examples import NOW, PROGRAM, an_order


@pytest.mark.parametrize(
    ("amount_minor", "points"), [(0, 0), (999, 0), (1000, 1), (1999, 1), (2000, 2)]
)
def test_an_order_earns_whole_points_only(amount_minor: int, points: int) -> None:
    earning = earn(an_order(amount_minor=amount_minor), PROGRAM, tier="member")
    assert (earning.eligible_minor, earning.points) == (amount_minor, points)


def test_who_is_no_member_earns_no_points_but_spends() -> None:
    earning = earn(an_order(amount_minor=5000), PROGRAM, tier=None)
    assert (earning.eligible_minor, earning.points) == (5000, 0)


def test_only_products_are_eligible() -> None:
    order = an_order(
        lines=[
            OrderLine("milk", 1, 3000),
            OrderLine("post", 1, 500, kind="shipping"),
            OrderLine("card", 1, 2000, kind="gift_card"),
            OrderLine("wrap", 1, 100, kind="fee"),
        ]
    )
    earning = earn(order, PROGRAM, tier="member")
    assert earning.eligible_minor == 3000
    assert [line.eligible_minor for line in earning.lines] == [3000, 0, 0, 0]
    assert [line.points for line in earning.lines] == [3, 0, 0, 0]


def test_what_is_paid_with_points_or_vouchers_is_not_eligible() -> None:
    order = an_order(
        lines=[OrderLine("milk", 1, 2000), OrderLine("wine", 1, 1000)],
        tenders=[
            Tender("points", 500),
            Tender("voucher", 400),
            Tender("gift_card", 1000),
            Tender("cash", 1100),
        ],
    )
    earning = earn(order, PROGRAM, tier="member")
    assert earning.eligible_minor == 2100
    assert [line.eligible_minor for line in earning.lines] == [1400, 700]
    assert sum(line.points for line in earning.lines) == earning.points == 2


def test_more_voucher_than_goods_leaves_nothing_not_less() -> None:
    order = an_order(
        lines=[OrderLine("milk", 1, 1000), OrderLine("post", 1, 500, kind="shipping")],
        tenders=[Tender("voucher", 1500)],
    )
    assert earn(order, PROGRAM, tier="member").eligible_minor == 0


def test_an_order_without_lines_counts_as_one_product() -> None:
    earning = earn(an_order(lines=[], total_minor=2500), PROGRAM, tier="member")
    assert (earning.eligible_minor, earning.points) == (2500, 2)
    assert [(line.sku, line.amount_minor) for line in earning.lines] == [("", 2500)]


def test_another_currency_is_converted_with_the_rate_of_the_program_day() -> None:
    # Both are late on 28 February in UTC; in Berlin the second one is in March already.
    before = an_order(currency="USD", occurred_at=datetime(2017, 2, 28, 22, 59, tzinfo=UTC))
    after = an_order(currency="USD", occurred_at=datetime(2017, 2, 28, 23, 0, tzinfo=UTC))
    assert earn(before, PROGRAM, tier="member").eligible_minor == 9500
    assert earn(after, PROGRAM, tier="member").eligible_minor == 9000


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        earn(an_order(currency="GBP"), PROGRAM, tier="member")


def test_points_wait_for_the_return_window_and_expire_by_month() -> None:
    order = an_order(occurred_at=datetime(2017, 3, 15, 12, tzinfo=UTC))
    earning = earn(order, PROGRAM, tier="member")
    assert earning.releases_at == datetime(2017, 3, 29, 22, tzinfo=UTC)
    assert earning.lot_expires_at == datetime(2018, 3, 31, 22, tzinfo=UTC)


@given(
    amounts=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    voucher=st.integers(0, 10**6),
    rate=st.decimals("0", "20", places=3),
)
def test_lines_always_add_up_to_the_order(amounts: list[int], voucher: int, rate: Decimal) -> None:
    lines = [OrderLine(str(number), 1, amount) for number, amount in enumerate(amounts)]
    order = an_order(lines=lines, tenders=[Tender("voucher", voucher)])
    earning = earn(order, replace(PROGRAM, earn_rate=rate), tier="member")
    assert sum(line.eligible_minor for line in earning.lines) == earning.eligible_minor
    assert sum(line.points for line in earning.lines) == earning.points
    assert earning.points == int(earning.eligible_minor * rate / 100)


def points_of(
    amount_minor: int, *, tier: str = "member", points_today: int = 0, **rules: Any
) -> int:
    program = replace(PROGRAM, **rules)
    return earn(
        an_order(amount_minor=amount_minor), program, tier=tier, points_today=points_today
    ).points


@pytest.mark.parametrize(
    ("tier", "points"), [("member", 7), ("gold", 9), ("platinum", 11), ("unknown", 7)]
)
def test_a_higher_tier_earns_faster_rounded_down_once(tier: str, points: int) -> None:
    assert points_of(7_990, tier=tier) == points  # 7.99, 9.9875, 11.985


def test_a_bonus_is_rounded_down_on_its_own_and_goes_to_its_goods() -> None:
    bonus = EarnBonus("fresh", Decimal("0.15"), categories=("FRESH",), skus=("tea",))
    lines = [
        OrderLine("apple", 1, 1_900, category="FRESH"),
        OrderLine("tea", 1, 1_000),
        OrderLine("soap", 1, 2_090),
    ]
    program = replace(PROGRAM, earn_bonuses=(bonus,))
    earning = earn(an_order(lines=lines), program, tier="member")
    assert earning.points == 4 + 4  # floor(49.90 x 0.10) + floor(29.00 x 0.15)
    assert [line.points for line in earning.lines] == [1 + 3, 1 + 1, 2]


@pytest.mark.parametrize(
    ("starts", "ends", "points"),
    [(NOW, None, 20), (None, NOW, 10), (NOW + timedelta(seconds=1), None, 10)],
)
def test_a_bonus_holds_from_its_first_instant_to_before_its_last(
    starts: datetime | None, ends: datetime | None, points: int
) -> None:
    bonus = EarnBonus("week", Decimal("0.10"), skus=("milk",), valid_from=starts, valid_until=ends)
    assert points_of(10_000, earn_bonuses=(bonus,)) == points


@pytest.mark.parametrize(("cap", "points"), [(None, 100), (100, 100), (99, 99), (0, 0)])
def test_an_order_earns_no_more_than_its_cap(cap: int | None, points: int) -> None:
    assert points_of(100_000, points_per_order_cap=cap) == points


@pytest.mark.parametrize(("today", "points"), [(0, 100), (50, 100), (51, 99), (150, 0), (151, 0)])
def test_a_day_earns_no_more_than_its_cap(today: int, points: int) -> None:
    assert points_of(100_000, points_today=today, points_per_day_cap=150) == points


def test_switched_off_nothing_earns() -> None:
    assert points_of(100_000, points_enabled=False) == 0
