"""Results of jobs, in ProgramTable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from pynamodb.exceptions import DoesNotExist, PutError

from loyalty.adapters.dynamodb.program_items import ReportItem
from loyalty.services.ports import Clock

KEPT: Final = timedelta(days=30)


class DynamoReportStore:
    """Implements `RevisionStore` of `loyalty.services.report_ports`; its models must be bound."""

    def __init__(self, clock: Clock) -> None:
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

    def add(self, name: str, part: str, document: Mapping[str, object]) -> bool:
        item = ReportItem(_pk(name), part, document=document)
        try:
            item.save(condition=ReportItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def latest(self, name: str) -> Mapping[str, object] | None:
        found = ReportItem.query(_pk(name), scan_index_forward=False, limit=1, consistent_read=True)
        return next((item.document for item in found), None)

    def parts(self, name: str) -> Iterator[Mapping[str, object]]:
        for item in ReportItem.query(_pk(name), consistent_read=True):
            yield item.document


def _pk(name: str) -> str:
    return f"REPORT#{name}"
