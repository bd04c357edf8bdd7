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
    """Return a header, a row for each variant, and one with the stages of all of them, `total`."""
    period = {"from_month": report.from_month, "to_month": report.to_month}
    rows = [
        {**period, "variant": variant, **dict(_cells("", stages.model_dump(mode="json")))}
        for variant, stages in [*report.by_variant.items(), ("total", report.total)]
    ]
    columns = dict.fromkeys(name for row in rows for name in row)
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def _cells(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _cells(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", "" if value is None else value
