"""Ask a running laptop cloud over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from local.workspace import Workspace

# A step of the clock lasts as long as the work that becomes due on the way.
_TIMEOUT_SECONDS = 3600.0


class NotRunningError(Exception):
    """Nothing answers at this cloud's address."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            f"no laptop cloud answers at {workspace.url}; start it with: python -m local up"
        )


class RefusedError(Exception):
    """The cloud answered with a problem; the message is its detail."""


def get(workspace: Workspace, path: str) -> Any:
    """JSON of one of the cloud's own pages.

    Raises
    ------
    NotRunningError, RefusedError
        No answer, or not the one that was asked for.
    """
    return _ask(workspace, Request(f"{workspace.url}{path}"))


def post(workspace: Workspace, path: str, command: Mapping[str, Any]) -> Any:
    """Send a command to one of the cloud's own pages; errors as ``get``."""
    body = json.dumps(command).encode()
    headers = {"Content-Type": "application/json"}
    return _ask(workspace, Request(f"{workspace.url}{path}", body, headers))


def _ask(workspace: Workspace, request: Request) -> Any:
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise RefusedError(_detail(error)) from error
    except (URLError, ConnectionError) as error:
        raise NotRunningError(workspace) from error


def _detail(error: HTTPError) -> str:
    try:
        detail: str = json.load(error)["detail"]
    except (ValueError, KeyError):
        return f"{error.code} {error.reason}"
    return detail
