"""The program definition over HTTP: current, versions, a new version, validation without saving."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.program import CurrentProgramView, ProgramUpdate, ProgramView
from loyalty.contracts.values import VersionNumber
from loyalty.runtime import composition, http
from loyalty.runtime.auth import STAFF
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.runtime.settings import settings
from loyalty.services import program_definition

app = http.Api()
_VIEW = {**http.PROBLEMS, 200: http.returns("A version of the program", ProgramView)}


@app.get(
    "/v1/program",
    summary="The version in force now, and how many there are",
    tags=["program"],
    responses={**http.PROBLEMS, 200: http.returns("The program", CurrentProgramView)},
)
def get_program() -> Response:
    http.caller(app).require(*STAFF)
    return http.answer(HTTPStatus.OK, program_definition.current(**composition.program_ports()))


@app.get("/v1/program/versions/<version>", summary="One version", tags=["program"], responses=_VIEW)
def get_version(version: VersionNumber) -> Response:
    http.caller(app).require(*STAFF)
    return http.answer(
        HTTPStatus.OK, program_definition.version(version, **composition.program_ports())
    )


@app.put(
    "/v1/program",
    summary="Save a new version, based on the latest one",
    tags=["program"],
    responses={**http.PROBLEMS, 201: http.returns("The new version", ProgramView)},
)
def put_program(update: ProgramUpdate) -> Response:
    caller = http.caller(app)
    caller.require("manager", "admin")
    saved = program_definition.save(
        update,
        saved_by=caller.subject,
        schedule_zone=settings().program_time_zone,
        store=composition.member_store(),
        **composition.program_ports(),
    )
    return http.answer(HTTPStatus.CREATED, saved)


@app.post(
    "/v1/program/validate",
    summary="Check a version without saving it",
    tags=["program"],
    responses=_VIEW,
)
def post_validation(update: ProgramUpdate) -> Response:
    caller = http.caller(app)
    caller.require("manager", "admin")
    checked = program_definition.validate(
        update,
        saved_by=caller.subject,
        schedule_zone=settings().program_time_zone,
        store=composition.member_store(),
        **composition.program_ports(),
    )
    return http.answer(HTTPStatus.OK, checked)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
