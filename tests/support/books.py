"""A shop whose facts are counted as the streams bring them, and what reports need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypedDict

from loyalty.domain.program import ProgramDefinition
from loyalty.domain.program_totals import CountedFact
from loyalty.services.count_totals import count_totals
from loyalty.services.stream_records import StreamRecord
from tests.support.examples import PROGRAM
from tests.support.fakes import FakeClock, FakeProgramStore
from tests.support.report_fakes import FakeRevisions, FakeTotals
from tests.support.shop import Shop


class Ports(TypedDict):
    totals: FakeTotals
    program: FakeProgramStore
    reports: FakeRevisions
    clock: FakeClock


class Books:
    """A shop whose facts are counted as the streams bring them."""

    def __init__(self, definition: ProgramDefinition = PROGRAM) -> None:
        self.shop = Shop(replace(definition, point_value_minor=Decimal("0.5")))
        self.totals = FakeTotals()
        self.reports = FakeRevisions()
        self.told: list[CountedFact] = []

    @property
    def ports(self) -> Ports:
        return {
            "totals": self.totals,
            "program": self.shop.program,
            "reports": self.reports,
            "clock": self.shop.clock,
        }

    def tell(self, *facts: CountedFact) -> None:
        self.told += facts

    def count(self) -> None:
        facts = [*self._stored(), *((f"told-{n}", fact) for n, fact in enumerate(self.told))]
        batch = [StreamRecord(name, name, "sk", {"fact": fact}) for name, fact in facts]
        assert (
            count_totals(batch, read_fact=_fact, program=self.shop.program, totals=self.totals)
            == []
        )

    def _stored(self) -> Iterator[tuple[str, CountedFact]]:
        store = self.shop.store
        for kept in (store.accepted_orders, store.returns, store.ledger, store.history):
            yield from ((f"{key}", fact) for key, fact in kept.items())


def _fact(image: Mapping[str, Any]) -> CountedFact:
    fact: CountedFact = image["fact"]
    return fact
