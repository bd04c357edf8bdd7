"""The funnel: stages by variant over months, from totals."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.contracts.funnel import FunnelReport
from loyalty.domain.member import EliteStatus, StatusChange
from loyalty.domain.report_errors import PeriodNotReadable
from loyalty.services.funnel import MONTHS_AT_MOST, funnel_report
from loyalty.services.report_table import funnel_as_csv
from tests.support.books import Books

NOTHING = dict.fromkeys(
    ["crossed", "held_out", "invited", "reminded", "accepted", "declined", "silent", "top"], 0
) | {"lapsed": 0, "won_back": 0, "active": 0}


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


def test_the_stages_of_a_period_by_variant(books: Books) -> None:
    found = report(books, "2017-03", "2017-04")
    assert {arm: stages.model_dump() for arm, stages in found.by_variant.items()} == {
        "standard": NOTHING
        | {"crossed": 2, "invited": 2, "accepted": 1, "declined": 1, "active": 1},
        "hold_out": NOTHING | {"crossed": 1, "held_out": 1},
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
    assert found.total.model_dump() == NOTHING


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
