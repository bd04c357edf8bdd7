"""Totals in DynamoDB: the same as the fake in memory, whatever is added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.totals_store import DynamoTotalsStore
from loyalty.domain.program_totals import Buyer
from loyalty.services.report_ports import Addition, AdditionRefused, MonthLock, TotalsStore
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.fakes import FakeClock
from tests.support.report_fakes import FakeTotals

ANN = Buyer("2017-03", "customer", "ann")
BOB = Buyer("2017-03", "tier:gold", "bob")
AT = datetime(2017, 4, 5, 9, tzinfo=UTC)


@pytest.fixture(params=["fake", "dynamodb"])
def totals(request: pytest.FixtureRequest) -> TotalsStore:
    if request.param == "fake":
        return FakeTotals()
    return DynamoTotalsStore(request.getfixturevalue("tables"), FakeClock(NOW))


def an_addition(event_id: str, *buyers: Buyer, month: str = "2017-03") -> Addition:
    return Addition(
        event_ids=(event_id,),
        buyers=buyers,
        flows={month: {"orders:gold": 1, "spend:gold": 500}},
        gauges={month: {"members:gold": 1}},
    )


def refusal(act: Callable[[], object]) -> AdditionRefused:
    with pytest.raises(AdditionRefused) as caught:
        act()
    return caught.value


def test_flows_are_of_a_month_and_levels_up_to_it(totals: TotalsStore) -> None:
    for event_id, month in (("e1", "2017-02"), ("e2", "2017-03"), ("e3", "2017-03")):
        totals.add(an_addition(event_id, month=month))
    totals.add(
        Addition(("e4",), (), {"2017-04": {"facts:X": 1}}, {"2017-04": {"members:gold": -2}})
    )

    assert totals.flows("2017-03") == {"orders:gold": 2, "spend:gold": 1_000}
    assert totals.flows("2016-12") == {}
    assert totals.flows_in(["2017-02", "2017-03"]) == {"orders:gold": 3, "spend:gold": 1_500}
    assert totals.flows_in([]) == {}
    assert [totals.levels(month) for month in ("2017-01", "2017-02", "2017-03", "2017-04")] == [
        {},
        {"members:gold": 1},
        {"members:gold": 3},
        {"members:gold": 1},
    ]


def test_what_was_counted_is_named_and_nothing_is_added(totals: TotalsStore) -> None:
    totals.add(an_addition("e1", ANN))
    before = totals.flows("2017-03")

    addition = Addition(("e1", "e2"), (ANN, BOB), {"2017-03": {"orders:gold": 2}}, {})
    refused = refusal(lambda: totals.add(addition))

    assert refused.event_ids == {"e1"}
    assert refused.buyers == {ANN}
    assert refused.locked == frozenset()
    assert totals.flows("2017-03") == before
    assert totals.known_buyers((ANN, BOB)) == {ANN}
    assert totals.known_buyers(()) == frozenset()


def test_nothing_is_counted_in_a_locked_month(totals: TotalsStore) -> None:
    totals.add(an_addition("e1"))
    lock = MonthLock("2017-03", "fin", AT)

    assert totals.lock(lock) == lock
    assert totals.lock(MonthLock("2017-03", "other", NOW)) == lock
    assert totals.locks() == {"2017-03": lock}
    for number in range(20):  # whatever shard they fall on
        refused = refusal(lambda number=number: totals.add(an_addition(f"l{number}")))  # type: ignore[misc]
        assert refused.locked == {"2017-03"}
    totals.add(an_addition("e2", month="2017-04"))
    assert totals.flows("2017-03") == {"orders:gold": 1, "spend:gold": 500}


def test_a_report_takes_one_query_each(tables: Tables) -> None:
    store = DynamoTotalsStore(tables, FakeClock(NOW))
    for number in range(40):
        store.add(an_addition(f"e{number}", month=f"2017-{number % 3 + 1:02}"))

    with counting_requests() as requests:
        assert store.flows("2017-01")["orders:gold"] == 14
        assert store.levels("2017-03")["members:gold"] == 40
    assert requests.operations == ["Query", "Query"]


def test_two_years_are_read_at_once_and_more_in_several_reads(tables: Tables) -> None:
    store = DynamoTotalsStore(tables, FakeClock(NOW))
    months = [f"{year}-{month:02}" for year in (2016, 2017, 2018) for month in range(1, 13)]
    for number in range(72):
        store.add(an_addition(f"e{number}", month=months[number // 2]))

    for first, often in ((6, 1), (24, 1), (26, 2)):
        with counting_requests() as requests:
            assert store.flows_in(months[:first])["orders:gold"] == 2 * first
        assert requests.operations == ["BatchGetItem"] * often
