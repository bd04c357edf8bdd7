"""From the tables' streams to the totals of the program: each fact counts once.

A fact's mark and what it adds are one transaction, so a crash, a repeated batch, another order of
the records or a lost answer make no difference. Marks are kept for 90 days; streams for one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loyalty.domain.calendar import month_after
from loyalty.domain.errors import MemberBusy
from loyalty.domain.program_totals import (
    Buyer,
    Counted,
    CountedFact,
    count,
    moved_to,
    summed,
)
from loyalty.services.ports import ProgramStore
from loyalty.services.report_ports import Addition, AdditionRefused, TotalsStore
from loyalty.services.retrying import with_retries
from loyalty.services.stream_records import StreamRecord

# What a transaction holds.
OPERATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A record that is not counted yet; `reason` holds no data of it."""

    sequence_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Fact:
    record: StreamRecord
    counted: Counted


def count_totals(
    records: Sequence[StreamRecord],
    *,
    read_fact: Callable[[Mapping[str, Any]], CountedFact | None],
    program: ProgramStore,
    totals: TotalsStore,
) -> list[Uncounted]:
    """Count the facts of a batch; those after a failed one are counted all the same.

    Requests: 1 batch read, where there are orders or benefit uses, and 1 transaction for some 20
    orders or 90 other facts. A fact of a locked month counts in the next month that is open.

    Parameters
    ----------
    records
        In the order of the stream.
    read_fact
        Turns an image into its fact, None for an item that is none.

    Returns
    -------
    list of Uncounted
        Empty when everything is counted.
    """
    facts: dict[str, _Fact] = {}
    failures: list[Uncounted] = []
    for record in records:
        try:
            fact = read_fact(record.image)
            if fact is not None:
                counted = count(fact, program.current(fact.occurred_at))
                facts[record.event_id] = _Fact(record, counted)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            failures.append(Uncounted(record.sequence_number, type(error).__name__))
    for part in _parts(facts.values()):
        try:
            _count_part(part, totals)
        except MemberBusy:
            failures += [Uncounted(fact.record.sequence_number, "refused") for fact in part]
    return failures


def _parts(facts: Iterable[_Fact]) -> Iterator[list[_Fact]]:
    """Cut facts into parts that fit into one transaction each, whatever months they move to."""
    part: list[_Fact] = []
    size = 0
    for fact in facts:
        operations = 1 + len(fact.counted.buyers) + 2 * _is_new_month(fact, part)
        if part and size + operations > OPERATIONS:
            yield part
            part, size = [], 0
            operations = 3 + len(fact.counted.buyers)
        part.append(fact)
        size += operations
    if part:
        yield part


def _is_new_month(fact: _Fact, part: Iterable[_Fact]) -> bool:
    return all(other.counted.month != fact.counted.month for other in part)


def _count_part(part: list[_Fact], totals: TotalsStore) -> None:
    originals = {fact.record.event_id: fact.counted for fact in part}
    facts = dict(originals)
    known = totals.known_buyers(tuple(_buyers(facts.values())))

    def attempt() -> None:
        nonlocal known
        if not facts:
            return
        try:
            totals.add(_addition(facts, known))
        except AdditionRefused as refusal:
            for event_id in refusal.event_ids:
                del facts[event_id]
            known |= refusal.buyers
            if refusal.locked:
                locks = totals.locks()
                facts.update({id_: _in_open_month(originals[id_], locks) for id_ in facts})
                known |= totals.known_buyers(tuple(_buyers(facts.values())))
            raise

    with_retries(attempt)


def _buyers(facts: Iterable[Counted]) -> dict[Buyer, None]:
    """Return the facts' buyers, each once, in order."""
    return {buyer: None for fact in facts for buyer in fact.buyers}


def _addition(facts: Mapping[str, Counted], known: frozenset[Buyer]) -> Addition:
    buyers = tuple(buyer for buyer in _buyers(facts.values()) if buyer not in known)
    flows: dict[str, dict[str, int]] = {}
    gauges: dict[str, dict[str, int]] = {}
    for fact in facts.values():
        flows[fact.month] = summed((flows.get(fact.month, {}), fact.flows))
        gauges[fact.month] = summed((gauges.get(fact.month, {}), fact.gauges))
    for buyer in buyers:
        flows[buyer.month] = summed((flows[buyer.month], {f"buyers:{buyer.group}": 1}))
    changed = {month: {n: v for n, v in counts.items() if v} for month, counts in gauges.items()}
    return Addition(
        event_ids=tuple(facts),
        buyers=buyers,
        flows=flows,
        gauges={month: counts for month, counts in changed.items() if counts},
    )


def _in_open_month(counted: Counted, locks: Container[str]) -> Counted:
    month = counted.month
    while month in locks:
        month = month_after(month)
    return counted if month == counted.month else moved_to(counted, month)
