"""What of an order is eligible, and what it earns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.earning import earn
from loyalty.domain.errors import UnknownCurrency
from loyalty.domain.orders import OrderLine, Tender
from tests.support.examples import PROGRAM, an_order


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
