"""`Idempotency-Key`: a repeated POST gets the stored answer.

After draft-ietf-httpapi-idempotency-key-header.

A convenience for clients only; what makes money-like changes happen once is their business key in
the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from loyalty.contracts.problems import problem
from loyalty.runtime.routing import Request, Response
from loyalty.runtime.settings import settings

KEPT_SECONDS: Final = 24 * 3600
KEY_LIMIT: Final = 255


@cache
def _store() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(table_name=settings().idempotency_table)


@cache
def _config() -> IdempotencyConfig:
    return IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="body",
        hash_function="sha256",
        expires_after_seconds=KEPT_SECONDS,
        raise_on_no_idempotency_key=True,
    )


def answer_once(request: Request, key: str, compute: Callable[[], Response]) -> Response:
    """Return the first answer given to this caller, route and key; compute it when there is none.

    The same key with another body answers 422 `idempotency_key_reused`; while the first is still
    running, 409.
    """
    if len(key) > KEY_LIMIT:
        return _refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_invalid", "The key is too long."
        )
    subject = request.authorizer_context.get("subject")
    named = {"key": [subject, request.path, key], "body": request.body}

    def first(named: dict[str, Any]) -> dict[str, Any]:
        response = compute()
        return {
            "status": int(response.status),
            "type": response.content_type,
            "body": response.body,
            "headers": dict(response.headers),
        }

    once = idempotent_function(
        first, data_keyword_argument="named", persistence_store=_store(), config=_config()
    )
    try:
        stored = once(named=named)
    except IdempotencyValidationError:
        return _refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "The key came with another body before.",
        )
    except IdempotencyAlreadyInProgressError:
        return _refused(
            HTTPStatus.CONFLICT, "request_in_progress", "The first request is still running."
        )
    return Response(stored["status"], stored["type"], stored["body"], headers=stored["headers"])


def _refused(status: HTTPStatus, code: str, detail: str) -> Response:
    body = problem(status, code, detail).model_dump_json(exclude_none=True)
    return Response(status, "application/problem+json", body)
