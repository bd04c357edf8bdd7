"""Results of jobs, in ProgramTable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from pynamodb.exceptions import DoesNotExist

from loyalty.adapters.dynamodb.program_items import ReportItem
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.transaction import LabelledTransaction, TransactionRefused
from loyalty.services.ports import Clock

KEPT: Final = timedelta(days=30)


class DynamoReportStore:
    """Implements `RevisionStore` of `loyalty.services.report_ports`; its models must be bound."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    def put(
        self, name: str, part: str, document: Mapping[str, object], *, is_lasting: bool = False
    ) -> None:
        expires_at = None if is_lasting else int((self._clock.now() + KEPT).timestamp())
        ReportItem(_pk(name), part, document=document, expires_at_epoch=expires_at).save()

    def get(self, name: str, part: str) -> Mapping[str, object] | None:
        try:
            return ReportItem.get(_pk(name), part, consistent_read=True).document
        except DoesNotExist:
            return None

    def add(
        self, name: str, part: str, document: Mapping[str, object], *, listed: tuple[str, str]
    ) -> bool:
        revision = ReportItem(_pk(name), part, document=document)
        transaction = LabelledTransaction(self._tables.connection)
        transaction.put("revision", revision, ReportItem.pk.does_not_exist())
        listing, place = listed
        transaction.put("listed", ReportItem(_pk(listing), place, document=document))
        try:
            transaction.commit()
        except TransactionRefused:
            return False
        return True

    def latest(self, name: str) -> Mapping[str, object] | None:
        found = ReportItem.query(_pk(name), scan_index_forward=False, limit=1, consistent_read=True)
        return next((item.document for item in found), None)

    def last(self, name: str, *, limit: int) -> Sequence[Mapping[str, object]]:
        found = ReportItem.query(
            _pk(name), scan_index_forward=False, limit=limit, consistent_read=True
        )
        return [item.document for item in found]

    def parts(self, name: str) -> Iterator[Mapping[str, object]]:
        for item in ReportItem.query(_pk(name), consistent_read=True):
            yield item.document


def _pk(name: str) -> str:
    return f"REPORT#{name}"
