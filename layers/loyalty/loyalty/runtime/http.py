"""HTTP around the use cases.

One resolver set-up, refusals as problem+json, callers, Idempotency- Key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from loyalty.contracts.problems import STATUS_OF, FieldError, Problem, problem
from loyalty.domain.errors import DomainError, MemberBusy
from loyalty.runtime.auth import Forbidden, Principal, principal_of
from loyalty.runtime.observability import logger

BODY_LIMIT_BYTES: Final = 256 * 1024
PROBLEM_JSON: Final = "application/problem+json"
BUSY_RETRY_AFTER_SECONDS: Final = "1"
# Answers name people: neither a proxy nor a browser keeps them.
_SECURITY_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

# What every protected route may answer besides its own; for the OpenAPI document.
PROBLEMS: Final[dict[int, OpenAPIResponse]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_JSON: {"model": Problem}},
    }
    for status in (401, 403, 404, 409, 413, 415, 422, 429, 503)
}

GONE: Final[OpenAPIResponse] = {
    "description": HTTPStatus.GONE.phrase,
    "content": {PROBLEM_JSON: {"model": Problem}},
}


class _Resolver(APIGatewayRestResolver):
    """Refuses what is too large, and what is no JSON, before anything reads it."""

    takes_forms = False

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        body = event.get("body") or ""
        if len(body) > BODY_LIMIT_BYTES or len(body.encode()) > BODY_LIMIT_BYTES:
            return _unread(_TOO_LARGE)
        if body and not self.takes_forms and not _is_json(event.get("headers") or {}):
            # Read as a form, the whole body would be the name of a field, and named in a problem.
            return _unread(_NO_JSON)
        return super().resolve(event, context)


def returns(description: str, model: type[BaseModel]) -> OpenAPIResponse:
    """Return what the OpenAPI document says of one answer."""
    return {"description": description, "content": {"application/json": {"model": model}}}


def resolver(*, takes_forms: bool = False) -> APIGatewayRestResolver:
    """Return a resolver that validates requests and answers problems.

    It honours `Idempotency-Key` on POST. Bodies are JSON, on pages for browsers also forms.
    """
    app = _Resolver(enable_validation=True)
    app.takes_forms = takes_forms
    app.use(middlewares=[_answer_once])
    app.not_found(_not_found)
    for error, answer in _ANSWERS.items():
        app.exception_handler(error)(answer)
    return app


def answer(
    status: int, body: BaseModel | Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response[str]:
    """Return a JSON answer; a model keeps the order and names of its contract."""
    text = (
        body.model_dump_json()
        if isinstance(body, BaseModel)
        else json.dumps(body, separators=(",", ":"))
    )
    return Response(
        status, "application/json", text, headers={**_SECURITY_HEADERS, **(headers or {})}
    )


def page(status: int, html: str) -> Response[str]:
    """Return an HTML page that runs nothing and embeds nothing from elsewhere."""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        **_SECURITY_HEADERS,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
    }
    return Response(status, "text/html; charset=utf-8", html, headers=headers)


def authorizer_context(app: APIGatewayRestResolver) -> Mapping[str, Any]:
    """Return what the authorizer told of the caller; empty on routes without one."""
    found: Mapping[str, Any] | None = (app.current_event.get("requestContext") or {}).get(
        "authorizer"
    )
    return found or {}


def caller(app: APIGatewayRestResolver) -> Principal:
    """Return who is calling, as the authorizer verified it."""
    return principal_of(authorizer_context(app))


def wants_html(app: APIGatewayRestResolver) -> bool:
    """Tell whether the caller is a browser: it asks for text/html."""
    accept = app.current_event.headers.get("accept", "") or ""
    return "text/html" in accept


def _problem_answer(content: Problem, headers: Mapping[str, str] | None = None) -> Response[str]:
    text = content.model_dump_json(exclude_none=True)
    return Response(
        content.status, PROBLEM_JSON, text, headers={**_SECURITY_HEADERS, **(headers or {})}
    )


def domain_problem(error: DomainError) -> Problem:
    """Return the problem of a refusal.

    Its detail is the class's own words, or the message where that cannot hold personal data.
    """
    words = (type(error).__doc__ or type(error).__name__).strip().splitlines()[0]
    detail = str(error) if error.is_message_public else words
    return problem(STATUS_OF[type(error)], error.code, detail)


def domain_refusal(error: DomainError) -> Response[str]:
    """Answer a refusal of the domain as its problem."""
    headers = {"Retry-After": BUSY_RETRY_AFTER_SECONDS} if isinstance(error, MemberBusy) else None
    content = domain_problem(error)
    logger.info("request refused", code=content.code, status=content.status)
    return _problem_answer(content, headers)


def _invalid_request(error: RequestValidationError) -> Response[str]:
    found = [
        FieldError(pointer="/" + "/".join(str(part) for part in item["loc"]), reason=item["type"])
        for item in error.errors()
    ]
    logger.info("request refused", code="invalid_request", fields=[item.pointer for item in found])
    detail = "The request does not match the contract; see errors."
    return _problem_answer(
        problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, found)
    )


def _forbidden(_: Forbidden) -> Response[str]:
    detail = "The caller's roles do not allow this."
    return _problem_answer(problem(HTTPStatus.FORBIDDEN, "forbidden", detail))


_TOO_LARGE: Final = problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_large",
    f"The body is over {BODY_LIMIT_BYTES} bytes.",
)
_NO_JSON: Final = problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "unsupported_media_type",
    "The body must be application/json.",
)


def _is_json(headers: Mapping[str, str]) -> bool:
    types = [value for name, value in headers.items() if name.lower() == "content-type"]
    return all(value.lower().startswith("application/json") for value in types)


def _unread(content: Problem) -> dict[str, Any]:
    logger.info("request refused", code=content.code, status=content.status)
    return {
        "statusCode": content.status,
        "multiValueHeaders": {"Content-Type": [PROBLEM_JSON]},
        "body": content.model_dump_json(exclude_none=True),
        "isBase64Encoded": False,
    }


def _not_found(_: NotFoundError) -> Response[str]:
    return _problem_answer(
        problem(HTTPStatus.NOT_FOUND, "route_not_found", "There is no such route.")
    )


_ANSWERS: Final[dict[type[Exception], Callable[[Any], Response[str]]]] = {
    DomainError: domain_refusal,
    RequestValidationError: _invalid_request,
    Forbidden: _forbidden,
}


def _answer_once(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    key = app.current_event.headers.get("idempotency-key")
    if not key or app.current_event.http_method != "POST":
        return next_middleware(app)
    # Imported only when used: it brings boto3, which would slow every cold start.
    from loyalty.runtime.idempotency import answer_once

    return answer_once(app, key, lambda: next_middleware(app))
