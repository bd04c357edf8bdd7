"""Results of jobs, in ProgramTable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from pynamodb.exceptions import DoesNotExist

from loyalty.adapters.dynamodb.program_items import ReportItem
from loyalty.services.ports import Clock

KEPT: Final = timedelta(days=30)


class DynamoReportStore:
    """Implements `loyalty.services.ports.ReportStore`; its models must be bound."""

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

    def parts(self, name: str) -> Iterator[Mapping[str, object]]:
        for item in ReportItem.query(_pk(name), consistent_read=True):
            yield item.document


def _pk(name: str) -> str:
    return f"REPORT#{name}"
