"""Reports over HTTP: months' health and return, their lock, the funnel, the ledger check."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.funnel import FunnelReport
from loyalty.contracts.month_reports import (
    HealthReport,
    MonthLocked,
    MonthReport,
    ReportFormat,
    RoiReport,
)
from loyalty.contracts.reports import LedgerCheckStarted, LedgerReport
from loyalty.contracts.values import Month
from loyalty.runtime import composition, http, reporting
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import check_ledger, funnel, reports
from loyalty.services.report_table import as_csv, funnel_as_csv

app = http.Api()
_READERS = ("finance", "manager", "marketer", "admin")


@app.get(
    "/v1/reports/health",
    summary="How the program fared in a month, as JSON or CSV",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The latest revision", HealthReport)},
)
def get_health_report(month: Month, format: ReportFormat | None = None) -> Response:  # noqa: A002
    http.caller(app).require(*_READERS)
    return _report(reports.health_report(month, **reporting.revision_ports()), format)


@app.get(
    "/v1/reports/roi",
    summary="What the program brought and cost in a month, as JSON or CSV",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The latest revision", RoiReport)},
)
def get_roi_report(month: Month, format: ReportFormat | None = None) -> Response:  # noqa: A002
    http.caller(app).require(*_READERS)
    return _report(reports.roi_report(month, **reporting.revision_ports()), format)


@app.get(
    "/v1/reports/funnel",
    summary="How far customers came in a period, by the journey's variants, as JSON or CSV",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The figures as of now", FunnelReport)},
)
def get_funnel_report(
    from_: Month,
    to: Month,
    format: ReportFormat | None = None,  # noqa: A002
) -> Response:
    http.caller(app).require(*_READERS)
    report = funnel.funnel_report(from_, to, **reporting.funnel_ports())
    if _wants_csv(format):
        return http.csv(HTTPStatus.OK, funnel_as_csv(report))
    return http.answer(HTTPStatus.OK, report)


@app.post(
    "/v1/reports/months/<month>/lock",
    summary="Close a month: its reports are final, late facts count in the open month",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("Closed", MonthLocked)},
)
def post_month_lock(month: Month) -> Response:
    caller = http.caller(app)
    caller.require("finance", "admin")
    locked = reports.lock_month(month, caller.subject, **reporting.month_report_ports())
    return http.answer(HTTPStatus.OK, locked)


@app.get(
    "/v1/reports/ledger",
    summary="The last finished check of the live ledger",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The check's result", LedgerReport)},
)
def get_ledger_report() -> Response:
    http.caller(app).require("finance", "manager", "admin")
    return http.answer(HTTPStatus.OK, check_ledger.last_report(**composition.ledger_report_ports()))


@app.post(
    "/v1/reports/ledger/checks",
    summary="Start a check of the live ledger",
    tags=["reports"],
    responses={**http.PROBLEMS, 202: http.returns("Started", LedgerCheckStarted)},
)
def post_ledger_check() -> Response:
    http.caller(app).require("finance", "admin")
    return http.answer(
        HTTPStatus.ACCEPTED, check_ledger.start_check(**composition.ledger_start_ports())
    )


def _report(report: MonthReport, wanted: ReportFormat | None) -> Response:
    if _wants_csv(wanted):
        return http.csv(HTTPStatus.OK, as_csv(report))
    return http.answer(HTTPStatus.OK, report)


def _wants_csv(wanted: ReportFormat | None) -> bool:
    return wanted == "csv" or (wanted is None and http.wants(app, "text/csv"))


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
