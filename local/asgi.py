"""The little of ASGI that the laptop cloud's own pages need."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: Any, status: int = HTTPStatus.OK) -> Answer:
    return Answer(status, "application/json", json.dumps(content, indent=1).encode())


def problem(status: HTTPStatus, code: str, detail: str) -> Answer:
    """An error in the form that the product's API has too (RFC 9457)."""
    content = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
    }
    return Answer(status, "application/problem+json", json.dumps(content).encode())


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters; of one that comes more than once, the first."""
    parameters = parse_qs(scope["query_string"].decode("latin-1"))
    return {name: values[0] for name, values in parameters.items()}


async def read_body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def send_answer(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        *((name.encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
