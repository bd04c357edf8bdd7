"""Results of jobs, in ProgramTable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pynamodb.exceptions import DoesNotExist

from loyalty.adapters.dynamodb.program_items import ReportItem


class DynamoReportStore:
    """Implements `loyalty.services.ports.ReportStore`; its models must be bound."""

    def put(self, name: str, part: str, document: Mapping[str, object]) -> None:
        ReportItem(_pk(name), part, document=document).save()

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
