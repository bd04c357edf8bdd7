"""What totals and reports need of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loyalty.domain.program_totals import Buyer, Counts
from loyalty.services.ports import ChangeRefused, ReportStore


@dataclass(frozen=True, slots=True)
class Addition:
    """What one transaction counts: facts by their events' ids, buyers, and counts by month."""

    event_ids: tuple[str, ...]
    buyers: tuple[Buyer, ...]
    flows: Mapping[str, Counts]
    gauges: Mapping[str, Counts]


class AdditionRefused(ChangeRefused):
    """Nothing was counted; tells what was counted before, and which months are locked."""

    def __init__(
        self,
        event_ids: frozenset[str] = frozenset(),
        buyers: frozenset[Buyer] = frozenset(),
        locked: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(f"{len(event_ids)} facts, {len(buyers)} buyers, locked {sorted(locked)}")
        self.event_ids = event_ids
        self.buyers = buyers
        self.locked = locked


@dataclass(frozen=True, slots=True)
class MonthLock:
    """Who closed a month when; nothing is counted in it any more."""

    month: str
    locked_by: str
    locked_at: datetime


class TotalsStore(Protocol):
    """Totals of the program by month (ProgramTable)."""

    def known_buyers(self, buyers: Sequence[Buyer]) -> frozenset[Buyer]:
        """Return those of up to 100 that are counted already; may miss the latest."""
        ...

    def add(self, addition: Addition) -> None:
        """Count, all or nothing; raise `AdditionRefused` when a part must not be counted."""
        ...

    def flows(self, month: str) -> Counts:
        """Return what happened in a month: 1 query."""
        ...

    def flows_in(self, months: Sequence[str]) -> Counts:
        """Return what happened in these months together: 1 batch read for six of them."""
        ...

    def levels(self, month: str) -> Counts:
        """Return the gauges at a month's end, the changes up to then summed: 1 query."""
        ...

    def lock(self, lock: MonthLock) -> MonthLock:
        """Close a month for ever; return the lock, or the one that it has already."""
        ...

    def locks(self) -> Mapping[str, MonthLock]:
        """Return the locks by month: 1 query."""
        ...


class RevisionStore(ReportStore, Protocol):
    """Results that keep all their revisions for ever."""

    def add(
        self, name: str, part: str, document: Mapping[str, object], *, listed: tuple[str, str]
    ) -> bool:
        """Write a part that is not there yet, and put it into a list: 1 transaction.

        `listed` names the list and the place in it, where the part before it was. False when the
        part is there already, or when somebody else is writing it.
        """
        ...

    def last(self, name: str, *, limit: int) -> Sequence[Mapping[str, object]]:
        """Return up to `limit` parts, the one that sorts last first: 1 query."""
        ...

    def latest(self, name: str) -> Mapping[str, object] | None:
        """Return the part that sorts last: 1 query."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationOutcome:
    """What the machine answered for one member; without an output it failed for `reason`."""

    output: Mapping[str, object] | None
    reason: str | None = None


class Evaluations(Protocol):
    def evaluate(self, member_id: str, month: str | None) -> EvaluationOutcome:
        """Run the evaluation of one member to its end; without a month, of the last 30 days."""
        ...
