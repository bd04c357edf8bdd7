"""Writes reports of open months anew whose figures late facts have changed."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented
from loyalty.services.reports import refresh_reports


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"months": refresh_reports(**reporting.month_report_ports())}
