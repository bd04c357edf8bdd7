"""The product's public address: the deployed REST API without its stage, on the emulator's port.

In AWS a custom domain hides the API's id and stage. Here ``/v1/…``, ``/docs`` and the pages are
passed to the emulator under the path at which it serves the deployed API; ``/_local/…`` are the
laptop cloud's own pages; everything else is the emulator itself.
"""

from __future__ import annotations

from http import HTTPStatus

from local import outputs
from local.asgi import App, Receive, Scope, Send, problem, query, read_body, send_answer
from local.clock import ProgramClock, program_clock
from local.control import PREFIX, Control
from local.identity import Issuer
from local.sign_in import SignIn
from local.workspace import Workspace

_PRODUCT_PATHS = ("/v1", "/docs", "/portal", "/console", "/static")
_FORWARDED = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"}
_CLOCK_KIND = "http"


def wrap(app: App, workspace: Workspace, clock: ProgramClock | None = None) -> App:
    """Put the product's address and the cloud's own pages in front of the emulator.

    Parameters
    ----------
    clock
        Counts the requests in flight; this process's program clock by default.
    """
    clock = clock or program_clock()
    issuer = Issuer.of(workspace)
    control = Control(clock, issuer, SignIn(issuer, workspace.url))

    async def public(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(PREFIX):
            answer = await control.answer(
                scope["method"], path, query(scope), await read_body(receive)
            )
            await send_answer(send, answer)
            return
        clock.enter(_CLOCK_KIND)
        try:
            if not _is_product_path(path):
                await app(scope, receive, send)
            elif (api_path := _api_path(workspace)) is None:
                await send_answer(send, _NOT_DEPLOYED)
            else:
                await app(_forwarded(scope, api_path), receive, send)
        finally:
            clock.leave(_CLOCK_KIND)

    return public


_NOT_DEPLOYED = problem(
    HTTPStatus.NOT_FOUND, "not_deployed", "the program is not deployed here yet"
)


def _is_product_path(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in _PRODUCT_PATHS)


def _api_path(workspace: Workspace) -> str | None:
    """Where the emulator serves the deployed API's stage."""
    deployed = outputs.read(workspace)
    if not deployed.get("RestApiId"):
        return None
    return f"/_aws/execute-api/{deployed['RestApiId']}/{deployed['RestApiStage']}"


def _forwarded(scope: Scope, api_path: str) -> Scope:
    """The same request to the API's path, with the headers that API Gateway adds.

    Whoever calls us is the client, there is no proxy before this one: forwarding headers that
    come with the request are somebody's invention and are replaced.
    """
    client_host = scope["client"][0] if scope.get("client") else "127.0.0.1"
    server_port = scope["server"][1] if scope.get("server") else 0
    headers = [(name, value) for name, value in scope["headers"] if name not in _FORWARDED]
    headers += [
        (b"x-forwarded-for", client_host.encode()),
        (b"x-forwarded-proto", scope["scheme"].encode()),
        (b"x-forwarded-port", str(server_port).encode()),
    ]
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return {
        **scope,
        "path": api_path + scope["path"],
        "raw_path": api_path.encode() + raw_path,
        "headers": headers,
    }
