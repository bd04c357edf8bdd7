"""Totals and reports in memory, for tests of the use cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from loyalty.domain.program_totals import Buyer, Counts, summed
from loyalty.services.report_ports import Addition, AdditionRefused, MonthLock
from tests.support.job_fakes import FakeReports


class FakeTotals:
    """A `TotalsStore` that refuses what DynamoDB would.

    `refusals` lets the next additions fail as a conflicting transaction would; `meanwhile` is
    called once, before the next addition.
    """

    def __init__(self) -> None:
        self.counted: set[str] = set()
        self.buyers: set[Buyer] = set()
        self.by_month: dict[str, dict[str, int]] = {}
        self.changes: dict[str, dict[str, int]] = {}
        self.closed: dict[str, MonthLock] = {}
        self.refusals = 0
        self.meanwhile: Callable[[], object] | None = None

    def known_buyers(self, buyers: Sequence[Buyer]) -> frozenset[Buyer]:
        return frozenset(self.buyers.intersection(buyers))

    def add(self, addition: Addition) -> None:
        if self.meanwhile:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        if self.refusals:
            self.refusals -= 1
            raise AdditionRefused
        counted = self.counted.intersection(addition.event_ids)
        buyers = self.buyers.intersection(addition.buyers)
        locked = self.closed.keys() & addition.flows.keys()
        if counted or buyers or locked:
            raise AdditionRefused(frozenset(counted), frozenset(buyers), frozenset(locked))
        self.counted.update(addition.event_ids)
        self.buyers.update(addition.buyers)
        for month, counts in addition.flows.items():
            self.by_month[month] = summed((self.by_month.get(month, {}), counts))
        for month, counts in addition.gauges.items():
            self.changes[month] = summed((self.changes.get(month, {}), counts))

    def flows(self, month: str) -> Counts:
        return self.by_month.get(month, {})

    def flows_in(self, months: Sequence[str]) -> Counts:
        return summed(self.flows(month) for month in months)

    def levels(self, month: str) -> Counts:
        return summed(counts for kept, counts in self.changes.items() if kept <= month)

    def lock(self, lock: MonthLock) -> MonthLock:
        return self.closed.setdefault(lock.month, lock)

    def locks(self) -> Mapping[str, MonthLock]:
        return dict(self.closed)


class FakeRevisions(FakeReports):
    """A `RevisionStore`; `meanwhile` is called once, before the next addition."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def add(
        self, name: str, part: str, document: Mapping[str, object], *, listed: tuple[str, str]
    ) -> bool:
        if self.meanwhile:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        parts = self.documents.setdefault(name, {})
        if part in parts:
            return False
        parts[part] = document
        listing, place = listed
        self.documents.setdefault(listing, {})[place] = document
        return True

    def last(self, name: str, *, limit: int) -> Sequence[Mapping[str, object]]:
        parts = self.documents.get(name, {})
        return [parts[part] for part in sorted(parts, reverse=True)[:limit]]

    def latest(self, name: str) -> Mapping[str, object] | None:
        parts = self.documents.get(name)
        return parts[max(parts)] if parts else None
