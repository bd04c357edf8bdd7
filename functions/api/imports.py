"""Bulk imports over HTTP: a place to upload, and the progress."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.imports import ImportProgress, ImportRequest, ImportTicket
from loyalty.contracts.values import Key
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import import_orders

app = http.Api()
_IMPORTERS = ("erp", "manager", "admin")


@app.post(
    "/v1/imports",
    summary="Get a place to upload a file of orders and returns",
    tags=["imports"],
    responses={**http.PROBLEMS, 201: http.returns("Where to PUT the file", ImportTicket)},
)
def post_import(request: ImportRequest) -> Response:
    http.caller(app).require(*_IMPORTERS)
    return http.answer(
        HTTPStatus.CREATED, import_orders.open_import(request, **composition.upload_ports())
    )


@app.get(
    "/v1/imports/<import_id>",
    summary="Progress, totals, and where the rejected lines are",
    tags=["imports"],
    responses={**http.PROBLEMS, 200: http.returns("The progress", ImportProgress)},
)
def get_import(import_id: Key) -> Response:
    http.caller(app).require(*_IMPORTERS)
    return http.answer(
        HTTPStatus.OK, import_orders.progress(import_id, **composition.progress_ports())
    )


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
