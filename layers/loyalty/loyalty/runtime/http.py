"""HTTP around the use cases.

One router set-up, refusals as problem+json, callers, Idempotency- Key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from loyalty.contracts.problems import STATUS_OF, FieldError, Problem, problem
from loyalty.domain.errors import DomainError, MemberBusy
from loyalty.runtime.auth import Forbidden, MembershipUnknown, Principal, principal_of
from loyalty.runtime.observability import logger
from loyalty.runtime.routing import InvalidRequest, Request, Response, RouteNotFound, Router

BODY_LIMIT_BYTES: Final = 256 * 1024
PROBLEM_JSON: Final = "application/problem+json"
BUSY_RETRY_AFTER_SECONDS: Final = "1"
# Answers name people: neither a proxy nor a browser keeps them.
SECURITY_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

# What every protected route may answer besides its own; for the OpenAPI document.
PROBLEMS: Final[Mapping[int, Mapping[str, Any]]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_JSON: {"model": Problem}},
    }
    for status in (401, 403, 404, 409, 413, 415, 422, 429, 503)
}

GONE: Final[Mapping[str, Any]] = {
    "description": HTTPStatus.GONE.phrase,
    "content": {PROBLEM_JSON: {"model": Problem}},
}


class Api(Router):
    """The routes of one function, with refusals as problems and `Idempotency-Key` on POST.

    Parameters
    ----------
    takes_forms
        Bodies are JSON; on pages for browsers also forms.
    """

    def __init__(self, *, takes_forms: bool = False) -> None:
        super().__init__()
        self._takes_forms = takes_forms
        self._refusals: dict[type[Exception], Callable[[Any], Response]] = dict(_REFUSALS)

    def on_refusal(self, error: type[Exception], answer: Callable[[Any], Response]) -> None:
        """Answer this error with `answer` instead of what all functions answer."""
        self._refusals[error] = answer

    def resolve(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request of API Gateway; an error that is no refusal is raised."""
        self.request = request = Request(event)
        try:
            _require_readable(event.get("body") or "", request, takes_forms=self._takes_forms)
            response = self.answered(request)
        except tuple(self._refusals) as error:
            kinds = (kind for kind in type(error).__mro__ if kind in self._refusals)
            response = self._refusals[next(kinds)](error)
        return response.as_event()

    def answered(self, request: Request) -> Response:
        """Return the answer; a POST with an `Idempotency-Key` gets the one that it got before."""
        call = self.bind(request)
        key = request.headers.get("idempotency-key")
        if not key or request.method != "POST":
            return call()
        # Imported only when used: it brings boto3, which would slow every cold start.
        from loyalty.runtime.idempotency import answer_once

        return answer_once(request, key, call)


def returns(description: str, model: type[BaseModel]) -> Mapping[str, Any]:
    """Return what the OpenAPI document says of one answer."""
    return {"description": description, "content": {"application/json": {"model": model}}}


def answer(
    status: int, body: BaseModel | Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer; a model keeps the order and names of its contract."""
    text = (
        body.model_dump_json()
        if isinstance(body, BaseModel)
        else json.dumps(body, separators=(",", ":"))
    )
    return Response(
        status, "application/json", text, headers={**SECURITY_HEADERS, **(headers or {})}
    )


def csv(status: int, table: str) -> Response:
    """Return a table as comma-separated values."""
    return Response(status, "text/csv; charset=utf-8", table, headers=SECURITY_HEADERS)


def caller(app: Router) -> Principal:
    """Return who is calling, as the authorizer verified it."""
    return principal_of(app.request.authorizer_context)


def wants(app: Router, media_type: str) -> bool:
    """Tell whether the caller asks for a media type by name."""
    return media_type in (app.request.headers.get("accept") or "")


def wants_html(app: Router) -> bool:
    """Tell whether the caller is a browser: it asks for text/html."""
    return wants(app, "text/html")


def _problem_answer(content: Problem, headers: Mapping[str, str] | None = None) -> Response:
    text = content.model_dump_json(exclude_none=True)
    return Response(
        content.status, PROBLEM_JSON, text, headers={**SECURITY_HEADERS, **(headers or {})}
    )


def domain_problem(error: DomainError) -> Problem:
    """Return the problem of a refusal.

    Its detail is the class's own words, or the message where that cannot hold personal data.
    """
    words = (type(error).__doc__ or type(error).__name__).strip().splitlines()[0]
    detail = str(error) if error.is_message_public else words
    return problem(STATUS_OF[type(error)], error.code, detail)


def domain_refusal(error: DomainError) -> Response:
    """Answer a refusal of the domain as its problem."""
    headers = {"Retry-After": BUSY_RETRY_AFTER_SECONDS} if isinstance(error, MemberBusy) else None
    return _problem_answer(problem_of(error), headers)


class _Unread(Exception):
    """Refused before anything reads it."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(code)
        self.problem = problem(status, code, detail)


def _require_readable(body: str, request: Request, *, takes_forms: bool) -> None:
    if len(body) > BODY_LIMIT_BYTES or len(body.encode()) > BODY_LIMIT_BYTES:
        detail = f"The body is over {BODY_LIMIT_BYTES} bytes."
        raise _Unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)
    # Without a type it is taken for JSON.
    media_type = request.headers.get("content-type", "application/json")
    if body and not takes_forms and not media_type.lower().startswith("application/json"):
        detail = "The body must be application/json."
        raise _Unread(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def problem_of(error: Exception) -> Problem:
    """Return what a refused request is told, and log its code.

    Parameters
    ----------
    error
        One of `REFUSED`.
    """
    content = _problem_of(error)
    places = [found.pointer for found in content.errors or ()]
    logger.info("request refused", code=content.code, status=content.status, fields=places)
    return content


def _problem_of(error: Exception) -> Problem:
    match error:
        case DomainError():
            return domain_problem(error)
        case InvalidRequest():
            return _invalid_request(error)
        case MembershipUnknown():
            detail = "The token does not say whether the caller is a member (claim member_id)."
            return problem(HTTPStatus.FORBIDDEN, "membership_unknown", detail)
        case Forbidden():
            detail = "The caller's roles do not allow this."
            return problem(HTTPStatus.FORBIDDEN, "forbidden", detail)
        case RouteNotFound():
            return problem(HTTPStatus.NOT_FOUND, "route_not_found", "There is no such route.")
        case _Unread():
            return error.problem
    raise TypeError(type(error).__name__)


def _invalid_request(error: InvalidRequest) -> Problem:
    found = [
        FieldError(pointer="/" + "/".join(str(part) for part in fault.place), reason=fault.reason)
        for fault in error.faults
    ]
    detail = "The request does not match the contract; see errors."
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, found)


def _refused(error: Exception) -> Response:
    return _problem_answer(problem_of(error))


# What may be wrong with a request; anything else is a fault of ours.
REFUSED: Final[tuple[type[Exception], ...]] = (
    DomainError,
    InvalidRequest,
    Forbidden,
    RouteNotFound,
    _Unread,
)
_REFUSALS: Final[Mapping[type[Exception], Callable[[Any], Response]]] = {
    **dict.fromkeys(REFUSED, _refused),
    DomainError: domain_refusal,
}
