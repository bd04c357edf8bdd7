"""Each fact counts once, whatever the stream, the table and the function do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.program_totals import CountedFact
from loyalty.services.count_totals import OPERATIONS, Uncounted, count_totals
from loyalty.services.report_ports import Addition, MonthLock
from loyalty.services.stream_records import StreamRecord
from tests.support.crashes import UseCase
from tests.support.examples import PROGRAM
from tests.support.fakes import FakeProgramStore
from tests.support.report_fakes import FakeTotals
from tests.unit.domain.test_program_totals import CHANGE, ORDER, RETURN, TIER_CHANGED

MARCH = "2017-03"
FACTS: tuple[CountedFact, ...] = (
    ORDER,
    replace(ORDER, eligible_minor=1_000),
    replace(ORDER, member_id="m2", tier=None),
    replace(ORDER, occurred_at=datetime(2017, 1, 5, tzinfo=UTC)),
    RETURN,
    CHANGE,
    TIER_CHANGED,
)


def records(facts: tuple[CountedFact, ...] = FACTS) -> list[StreamRecord]:
    return [StreamRecord(f"s{i}", f"p{i}", "sk", {"fact": fact}) for i, fact in enumerate(facts)]


def read_fact(image: Mapping[str, Any]) -> CountedFact | None:
    fact: CountedFact | None = image["fact"]
    return fact


def consume(batch: list[StreamRecord], totals: Any) -> list[Uncounted]:
    return count_totals(
        batch, read_fact=read_fact, program=FakeProgramStore(PROGRAM), totals=totals
    )


def state(totals: FakeTotals) -> object:
    return totals.by_month, totals.changes, totals.buyers, totals.counted


@pytest.fixture
def clean() -> FakeTotals:
    totals = FakeTotals()
    assert consume(records(), totals) == []
    return totals


def test_a_batch_is_counted_by_hand(clean: FakeTotals) -> None:
    assert clean.by_month[MARCH] == {
        "facts:OrderAccepted": 3,
        "orders:gold": 2,
        "spend:gold": 10_000,
        "orders:-": 1,
        "spend:-": 9_000,
        "facts:ReturnAccepted": 1,
        "returns:gold": 1,
        "returned:gold": 4_000,
        "facts:InviteAccepted": 1,
        "became:active": 1,
        "funnel:accepted:-": 1,
        "buyers:customer": 2,
        "buyers:member": 1,
        "buyers:tier:gold": 1,
    }
    assert clean.by_month["2017-01"]["orders:gold"] == 1
    assert clean.by_month["2017-02"] == {"facts:TierChanged": 1, "moved_up:gold": 1}
    assert clean.levels(MARCH) == {
        "members:member": -1,
        "members:gold": 1,
        "active:-": 1,
        "status:active": 1,
        "status:invited": -1,
    }


@given(st.lists(st.lists(st.integers(0, len(FACTS) - 1), max_size=6), max_size=6))
def test_duplicates_and_disorder_change_nothing(batches: list[list[int]]) -> None:
    clean, totals, all_records = FakeTotals(), FakeTotals(), records()
    consume(all_records, clean)
    for batch in batches:
        consume([all_records[index] for index in batch], totals)
    consume(all_records, totals)

    assert state(totals) == state(clean)


def test_a_fact_twice_in_a_batch_counts_once(clean: FakeTotals) -> None:
    totals = FakeTotals()
    consume(records() + records(), totals)
    assert state(totals) == state(clean)


@dataclass
class World:
    totals: Any = field(default_factory=FakeTotals)


def test_a_crash_anywhere_and_the_batch_again_count_once() -> None:
    many = tuple(replace(ORDER, member_id=f"m{number}") for number in range(60)) + FACTS
    use_case = UseCase(
        name="count",
        prepare=World,
        act=lambda world: consume(records(many), world.totals),
        state=lambda world: state(world.totals),
        ports=("totals",),
    )
    expected, places = use_case.undisturbed()

    assert places > 4
    for place, reached in use_case.crashed(places):
        assert reached == expected, place


def test_a_part_that_is_counted_already_does_not_hold_the_rest(clean: FakeTotals) -> None:
    totals = FakeTotals()
    consume(records()[:3], totals)
    assert consume(records(), totals) == []
    assert state(totals) == state(clean)


def test_somebody_else_counts_the_same_meanwhile(clean: FakeTotals) -> None:
    totals = FakeTotals()
    totals.meanwhile = lambda: consume(records()[1:5], totals)
    assert consume(records(), totals) == []
    assert state(totals) == state(clean)


def test_conflicts_are_tried_again(clean: FakeTotals) -> None:
    totals = FakeTotals()
    totals.refusals = 3
    assert consume(records(), totals) == []
    assert state(totals) == state(clean)


def test_what_cannot_be_counted_comes_again_and_the_rest_is_counted() -> None:
    totals = FakeTotals()
    poisoned = StreamRecord("bad", "p", "sk", {})
    failures = consume([poisoned, *records()], totals)

    assert failures == [Uncounted("bad", "KeyError")]
    assert len(totals.counted) == len(FACTS)


def test_a_table_that_keeps_refusing_gives_the_records_back() -> None:
    totals = FakeTotals()
    totals.refusals = 100
    failures = consume(records(), totals)

    assert [failure.sequence_number for failure in failures] == [f"s{i}" for i in range(len(FACTS))]
    assert totals.counted == set()


def test_no_transaction_is_too_large() -> None:
    sizes: list[int] = []

    class Measured(FakeTotals):
        def add(self, addition: Addition) -> None:
            marks = len(addition.event_ids) + len(addition.buyers)
            sizes.append(marks + len(addition.flows) + len(addition.gauges))
            super().add(addition)

    months = [datetime(2010 + n // 12, 1 + n % 12, 5, tzinfo=UTC) for n in range(80)]
    facts = tuple(
        replace(ORDER, member_id=f"m{n}", occurred_at=at) for n, at in enumerate(months)
    ) + tuple(replace(TIER_CHANGED, occurred_at=at) for at in months)
    assert consume(records(facts), Measured()) == []
    assert max(sizes) <= OPERATIONS
    assert len(sizes) < len(facts) / 5


def test_facts_of_locked_months_count_in_the_open_one() -> None:
    totals = FakeTotals()
    for month in ("2017-01", "2017-02", "2017-03"):
        totals.lock(MonthLock(month, "fin", datetime(2017, 5, 1, tzinfo=UTC)))

    assert consume(records(), totals) == []
    assert totals.by_month.keys() == {"2017-04"}
    april = totals.by_month["2017-04"]
    assert (april["late:2017-01"], april["late:2017-02"], april["late:2017-03"]) == (1, 1, 5)
    assert april["buyers:customer"] == 2
    assert totals.levels("2017-03") == {}


def test_a_month_may_be_locked_while_its_facts_are_counted() -> None:
    totals = FakeTotals()
    at = datetime(2017, 5, 1, tzinfo=UTC)
    totals.meanwhile = lambda: totals.lock(MonthLock(MARCH, "fin", at))

    assert consume(records(), totals) == []
    assert totals.flows(MARCH) == {}
    assert totals.flows("2017-04")["late:2017-03"] == 5
