"""Totals of the program by month, in ProgramTable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pynamodb.expressions.operand import Path

from loyalty.adapters.dynamodb.reading import BATCH_LIMIT, read_raw
from loyalty.adapters.dynamodb.tables import ProgramItem, Tables
from loyalty.adapters.dynamodb.totals_items import (
    GAUGES,
    LOCKS,
    SHARDS,
    BuyerItem,
    CountedItem,
    FlowsItem,
    GaugesItem,
    MonthLockItem,
    buyer_key,
    counted_key,
    flows_key,
    gauges_key,
)
from loyalty.adapters.dynamodb.transaction import (
    CONDITION_FAILED,
    LabelledTransaction,
    TransactionRefused,
)
from loyalty.domain.program_totals import Buyer, Counts, summed
from loyalty.services.ports import Clock
from loyalty.services.report_ports import Addition, AdditionRefused, MonthLock

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

# Far longer than a stream or a dead-letter bucket gives a record again.
COUNTED_KEPT: Final = timedelta(days=90)
# A month is locked long before.
BUYERS_KEPT: Final = timedelta(days=800)
_MONTHS_AT_ONCE: Final = BATCH_LIMIT // SHARDS


class DynamoTotalsStore:
    """Implements `loyalty.services.report_ports.TotalsStore`; its models must be bound."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    def known_buyers(self, buyers: Sequence[Buyer]) -> frozenset[Buyer]:
        """Look for the marks: 1 batch read, eventually consistent, as it only spares refusals."""
        if not buyers:
            return frozenset()
        by_key = {buyer_key(buyer): buyer for buyer in buyers}
        wanted: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in by_key]
        answer = self._tables.connection.batch_get_item(self._tables.program, wanted)
        found = answer["Responses"].get(self._tables.program, [])
        return frozenset(by_key[item["pk"]["S"], item["sk"]["S"]] for item in found)

    def add(self, addition: Addition) -> None:
        """Count: 1 transaction."""
        write = LabelledTransaction(self._tables.connection)
        for event_id in addition.event_ids:
            mark = CountedItem(*counted_key(event_id), expires_at_epoch=self._end(COUNTED_KEPT))
            write.put(f"fact {event_id}", mark, CountedItem.pk.does_not_exist())
        for number, buyer in enumerate(addition.buyers):
            bought = BuyerItem(*buyer_key(buyer), expires_at_epoch=self._end(BUYERS_KEPT))
            write.put(f"buyer {number}", bought, BuyerItem.pk.does_not_exist())
        shard = _shard(addition.event_ids)
        for month, counts in addition.flows.items():
            is_open = FlowsItem.locked_at.does_not_exist()
            flows = FlowsItem(*flows_key(month, shard))
            write.update(f"flows {month}", flows, _adding(FlowsItem, counts), is_open)
        for month, counts in addition.gauges.items():
            gauges = GaugesItem(*gauges_key(month, shard))
            write.update(f"gauges {month}", gauges, _adding(GaugesItem, counts))
        try:
            write.commit()
        except TransactionRefused as refusal:
            raise _refused(addition, refusal) from refusal

    def flows(self, month: str) -> Counts:
        pk, _ = flows_key(month, 0)
        return summed(_counts(item) for item in self._items(pk))

    def flows_in(self, months: Sequence[str]) -> Counts:
        found: list[Counts] = []
        for start in range(0, len(months), _MONTHS_AT_ONCE):
            some = months[start : start + _MONTHS_AT_ONCE]
            keys = [flows_key(month, shard) for month in some for shard in range(SHARDS)]
            shards = read_raw(self._tables, {self._tables.program: keys})
            found += (_counts(item) for _, item in shards)
        return summed(found)

    def levels(self, month: str) -> Counts:
        _, first_after = gauges_key(month, SHARDS)
        up_to = self._items(GAUGES, ProgramItem.sk < first_after)
        return summed(_counts(item) for item in up_to)

    def lock(self, lock: MonthLock) -> MonthLock:
        """Close every shard and keep who did it: 1 transaction, and 1 query for a repetition."""
        write = LabelledTransaction(self._tables.connection)
        item = MonthLockItem(LOCKS, lock.month, locked_by=lock.locked_by, locked_at=lock.locked_at)
        write.put("lock", item, MonthLockItem.pk.does_not_exist())
        for shard in range(SHARDS):
            closing: list[Action] = [
                FlowsItem.item_type.set(FlowsItem),
                FlowsItem.locked_at.set(lock.locked_at),
            ]
            write.update(f"shard {shard}", FlowsItem(*flows_key(lock.month, shard)), closing)
        try:
            write.commit()
        except TransactionRefused as refusal:
            kept = self.locks().get(lock.month)
            if kept is None:
                raise AdditionRefused from refusal
            return kept
        return lock

    def locks(self) -> Mapping[str, MonthLock]:
        found = MonthLockItem.query(LOCKS, consistent_read=True)
        return {item.sk: MonthLock(item.sk, item.locked_by, item.locked_at) for item in found}

    def _end(self, kept: timedelta) -> int:
        return int((self._clock.now() + kept).timestamp())

    def _items(self, pk: str, where: Condition | None = None) -> Iterator[Mapping[str, Any]]:
        """Yield a partition's items as they are; a model would drop what it does not name."""
        start = None
        while True:
            answer = self._tables.connection.query(
                self._tables.program,
                pk,
                range_key_condition=where,
                consistent_read=True,
                exclusive_start_key=start,
            )
            yield from answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if not start:
                return


def _shard(event_ids: Sequence[str]) -> int:
    digest = hashlib.sha256("".join(event_ids).encode()).digest()
    return int.from_bytes(digest[:8], "big") % SHARDS


def _adding(model: type[FlowsItem | GaugesItem], counts: Counts) -> list[Action]:
    # One path element each: the names hold no steps into a document.
    added: list[Action] = [Path([name]).add(amount) for name, amount in counts.items()]
    return [model.item_type.set(model), *added]


def _counts(item: Mapping[str, Any]) -> Counts:
    return {name: int(value["N"]) for name, value in item.items() if ":" in name}


def _refused(addition: Addition, refusal: TransactionRefused) -> AdditionRefused:
    failed = {label for label, reason in refusal.reasons.items() if reason.code == CONDITION_FAILED}
    return AdditionRefused(
        event_ids=frozenset(id_ for id_ in addition.event_ids if f"fact {id_}" in failed),
        buyers=frozenset(
            buyer for number, buyer in enumerate(addition.buyers) if f"buyer {number}" in failed
        ),
        locked=frozenset(month for month in addition.flows if f"flows {month}" in failed),
    )
