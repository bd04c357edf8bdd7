"""The funnel: stages by variant over months, from totals."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.contracts.funnel import FunnelReport
from loyalty.contracts.month_reports import SignedMoney
from loyalty.domain.member import EliteStatus, StatusChange
from loyalty.domain.orders import AcceptedOrder, OrderKey
from loyalty.domain.report_errors import PeriodNotReadable
from loyalty.services.funnel import MONTHS_AT_MOST, funnel_report
from loyalty.services.report_table import funnel_as_csv
from tests.support.books import Books
from tests.unit.domain.test_program_totals import NOON, ORDER, RETURN

STAGES = dict.fromkeys(
    ["crossed", "held_out", "invited", "reminded", "accepted", "declined", "silent", "top"], 0
) | {"lapsed": 0, "won_back": 0, "active": 0}
NO_SPENDING = {
    "customers": 0,
    "revenue": {"amount_minor": 0, "currency": "EUR"},
    "revenue_per_customer": None,
    "against_hold_out": None,
}
NOTHING = STAGES | NO_SPENDING


def fact(
    event: str,
    in_month: int,
    variant: str | None = "standard",
    statuses: tuple[EliteStatus, EliteStatus] = ("prospect", "prospect"),
    **data: Any,
) -> StatusChange:
    at = datetime(2017, in_month, 15, 12, tzinfo=UTC)
    return StatusChange("m1", 2, event, at, at, *statuses, {"variant": variant, **data})


@pytest.fixture
def books() -> Books:
    """Three cross in March, one of them held out; one accepts in April and lapses in May."""
    books = Books()
    books.tell(
        fact("ThresholdCrossed", 3),
        fact("ThresholdCrossed", 3),
        fact("ThresholdCrossed", 3, "hold_out"),
        fact("CustomerHeldOut", 3, "hold_out"),
        fact("CustomerInvited", 3, statuses=("prospect", "invited")),
        fact("CustomerInvited", 3, statuses=("prospect", "invited")),
        fact("InviteAccepted", 4, statuses=("invited", "active")),
        fact("InviteDeclined", 4, statuses=("invited", "not_interested")),
        fact(
            "CustomerInactive",
            6,
            statuses=("active", "inactive"),
            inactive_reason="lapsed",
            month="2017-05",
        ),
        fact("MemberEnrolled", 4, None, ("prospect", "active")),
    )
    books.count()
    return books


def report(books: Books, first: str, last: str) -> FunnelReport:
    ports = {"totals": books.totals, "program": books.shop.program, "clock": books.shop.clock}
    return funnel_report(first, last, **ports)


def nothing_spent_by(customers: int) -> dict[str, object]:
    nothing = {"amount_minor": 0, "currency": "EUR"}
    return {"customers": customers, "revenue_per_customer": nothing}


def order(order_id: str, amount_minor: int, variant: str | None, month: int = 4) -> AcceptedOrder:
    at = datetime(2017, month, 20, tzinfo=UTC)
    return replace(
        ORDER,
        key=OrderKey("pos", order_id),
        occurred_at=at,
        eligible_minor=amount_minor,
        variant=variant,
    )


def test_what_the_arms_spend_is_compared_with_the_held_out(books: Books) -> None:
    books.tell(
        order("1", 20_000, "standard"),
        order("2", 13_001, "standard", month=5),
        order("3", 9_000, "hold_out"),
        order("4", 70_000, None),
        replace(
            RETURN, occurred_at=NOON.replace(month=5), eligible_minor=3_000, variant="standard"
        ),
    )
    books.count()

    found = report(books, "2017-04", "2017-05").by_variant

    standard, hold_out = found["standard"], found["hold_out"]
    assert (standard.customers, standard.revenue.amount_minor) == (2, 30_001)
    assert standard.revenue_per_customer == SignedMoney(amount_minor=15_000, currency="EUR")
    assert standard.against_hold_out == 1.6667  # 150.005 ÷ 90.00
    assert hold_out.revenue_per_customer == SignedMoney(amount_minor=9_000, currency="EUR")
    assert hold_out.against_hold_out is None
    assert report(books, "2017-04", "2017-04").by_variant["standard"].against_hold_out == 1.1111


def test_without_held_out_customers_nothing_is_compared() -> None:
    books = Books()
    books.tell(fact("ThresholdCrossed", 3), order("1", 20_000, "standard"))
    books.count()
    standard = report(books, "2017-03", "2017-04").by_variant["standard"]
    assert standard.revenue_per_customer == SignedMoney(amount_minor=20_000, currency="EUR")
    assert standard.against_hold_out is None


def test_the_stages_of_a_period_by_variant(books: Books) -> None:
    found = report(books, "2017-03", "2017-04")
    assert {arm: stages.model_dump() for arm, stages in found.by_variant.items()} == {
        "standard": NOTHING
        | {"crossed": 2, "invited": 2, "accepted": 1, "declined": 1, "active": 1}
        | nothing_spent_by(2),
        "hold_out": NOTHING | {"crossed": 1, "held_out": 1} | nothing_spent_by(1),
        "-": NOTHING | {"active": 1},
    }
    assert (found.total.crossed, found.total.active) == (3, 2)


def test_flows_are_of_the_period_and_active_is_at_its_end(books: Books) -> None:
    april = report(books, "2017-04", "2017-04").by_variant["standard"]
    assert (april.crossed, april.accepted, april.active) == (0, 1, 1)
    may = report(books, "2017-05", "2017-05").by_variant["standard"]
    assert (may.accepted, may.lapsed, may.active) == (0, 1, 0)


def test_every_variant_of_the_program_is_there_without_anybody() -> None:
    found = report(Books(), "2017-03", "2017-03")
    assert found.by_variant.keys() == {"standard", "hold_out"}
    assert found.total.model_dump() == STAGES


@pytest.mark.parametrize("last", ["2017-02", "2019-03"])
def test_a_period_has_an_order_and_a_limit(books: Books, last: str) -> None:
    with pytest.raises(PeriodNotReadable):
        report(books, "2017-03", last)
    assert MONTHS_AT_MOST == 24
    report(books, "2017-03", "2019-02")


def test_as_a_table_each_variant_is_a_row(books: Books) -> None:
    rows = list(csv.DictReader(funnel_as_csv(report(books, "2017-03", "2017-06")).splitlines()))
    assert [row["variant"] for row in rows] == ["-", "hold_out", "standard", "total"]
    assert (rows[-1]["crossed"], rows[-1]["lapsed"], rows[-1]["active"]) == ("3", "1", "1")
    assert {row["from_month"] for row in rows} == {"2017-03"}
