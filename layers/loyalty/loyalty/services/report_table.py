"""Reports as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from loyalty.contracts.funnel import FunnelReport
from loyalty.contracts.month_reports import MonthReport


def as_csv(report: MonthReport) -> str:
    """Return a header and one row, so that months can be put below each other.

    What is nested becomes columns such as `members_by_tier.gold`; what is not known is empty.
    """
    cells = list(_cells("", report.model_dump(mode="json")))
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([name for name, _ in cells])
    writer.writerow([value for _, value in cells])
    return table.getvalue()


def funnel_as_csv(report: FunnelReport) -> str:
    """Return a header, a row for each variant, and one for all of them, `total`."""
    rows = {**report.by_variant, "total": report.total}
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["from_month", "to_month", "variant", *report.total.model_dump()])
    for variant, stages in rows.items():
        cells = stages.model_dump().values()
        writer.writerow([report.from_month, report.to_month, variant, *cells])
    return table.getvalue()


def _cells(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _cells(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", "" if value is None else value
