"""Requests to the API's functions, as API Gateway hands them over."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.moto_app import lambda_context


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


def call(
    resource: str,
    method: str,
    path: str,
    body: object = None,
    *,
    subject: str = "caller",
    roles: str = "pos",
    member_id: str = "",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Answer:
    """Call the handler of `functions/api/<resource>.py`; a string body goes as it is."""
    handler = importlib.import_module(f"api.{resource}").handler
    sent = {"content-type": "application/json", **(headers or {})}
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "path": path,
            "stage": "live",
            "requestId": "request",
            "authorizer": {"subject": subject, "roles": roles, "member_id": member_id},
        },
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = handler(event, lambda_context())
    headers_sent = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    return Answer(answer["statusCode"], headers_sent, answer["body"])


def order(order_id: str = "O-1", amount_minor: int = 10_000, **more: object) -> dict[str, Any]:
    """Return a body of `POST /v1/orders`."""
    return {
        "source": "pos",
        "order_id": order_id,
        "occurred_at": "2017-03-15T11:00:00Z",
        "customer": {"email": "ada@example.com"},
        "total": {"amount_minor": amount_minor, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 1, "amount_minor": amount_minor}],
    } | more


def is_problem(answer: Answer, status: int, code: str) -> None:
    """Hold an answer to be the problem of this status and code."""
    assert (answer.status, answer.body["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert {"type", "title", "detail"} <= answer.body.keys()
