"""Writes the month's report on the program's return (W15)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.cycles import MonthTask
from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented
from loyalty.services.reports import write_roi_report


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MonthTask.model_validate(event)
    report = write_roi_report(task.month, **reporting.month_report_ports())
    return {"month": report.month, "revision": report.revision}
