"""Lets the faults of ``faults`` hit calls of AWS's API that come over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

from local.asgi import App, Event, Receive, Scope, Send, read_body
from local.emulator import faults

_CREDENTIAL_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
# Operations of REST services that tests may want to fail; JSON services name theirs.
_REST_OPERATIONS = {("POST", "/v2/email/outbound-emails"): "SendEmail"}


def wrap(app: App) -> App:
    """Put the faults in front of the emulator."""

    async def with_faults(scope: Scope, receive: Receive, send: Send) -> None:
        called = _called_operation(scope) if scope["type"] == "http" else None
        kind = faults.take(*called) if called else None
        if kind is None:
            await app(scope, receive, send)
            return
        body = await read_body(receive)
        if kind == "lost_response":
            await app(scope, _replay(body, receive), _discard)
        await _answer_error(send, kind, body)

    return with_faults


def _called_operation(scope: Scope) -> tuple[str, str] | None:
    """Return service and operation of a signed AWS request."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    credential = _CREDENTIAL_SERVICE.search(headers.get(b"authorization", b"").decode())
    if credential is None:
        return None
    target = headers.get(b"x-amz-target", b"").decode()
    rest_operation = _REST_OPERATIONS.get((scope["method"], scope["path"]), "")
    operation = target.rpartition(".")[2] or rest_operation
    return (credential[1], operation) if operation else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body, which was read already, before all else."""
    first: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Event:
        return first.pop() if first else await receive()

    return replayed


async def _discard(event: Event) -> None:
    """Swallow the answer that the caller is not to see."""


async def _answer_error(send: Send, kind: faults.Kind, body: bytes) -> None:
    status, error = _error(kind, body)
    headers = [
        (b"content-type", b"application/x-amz-json-1.0"),
        (b"x-amzn-errortype", error["__type"].encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error).encode()})


def _error(kind: faults.Kind, body: bytes) -> tuple[int, dict[str, Any]]:
    if kind == "conflict":
        codes = ["TransactionConflict"] * len(json.loads(body)["TransactItems"])
        reason = "Transaction is ongoing for the item"
        return 400, {
            "__type": "TransactionCanceledException",
            "message": "Transaction cancelled, please refer cancellation reasons for specific "
            f"reasons [{', '.join(codes)}]",
            "CancellationReasons": [{"Code": code, "Message": reason} for code in codes],
        }
    if kind == "throttle":
        return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
    return 500, {"__type": "InternalServerError", "message": f"Injected fault: {kind}"}
