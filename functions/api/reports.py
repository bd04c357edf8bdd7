"""Reports over HTTP: the last ledger check, and starting one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.reports import LedgerCheckStarted, LedgerReport
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import check_ledger

app = http.Api()


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


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
