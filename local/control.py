"""The laptop cloud's own pages under ``/_local/``: clock, keys, sign-in, sent
messages, faults."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from local import mailbox
from local.asgi import Answer, json_answer, problem
from local.clock import ClockModeError, NotQuietError, ProgramClock, epoch
from local.emulator import faults
from local.identity import Issuer
from local.sign_in import SignIn

PREFIX = "/_local/"

_MESSAGES_ON_PAGE = 200


class Control:
    """Answers requests for the cloud's own pages."""

    def __init__(self, clock: ProgramClock, issuer: Issuer, sign_in: SignIn) -> None:
        self._clock = clock
        self._issuer = issuer
        self._sign_in = sign_in
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
        )

    async def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """Answer a request whose path begins with ``/_local/``."""
        match method, path.removeprefix(PREFIX):
            case "GET", "clock":
                return json_answer(self._clock.state())
            case "POST", "clock":
                return await self._set_clock(body)
            case "GET", "jwks.json":
                return json_answer(self._issuer.jwks())
            case "GET", "authorize":
                return self._sign_in.authorize(query)
            case "POST", "token":
                return self._sign_in.token(body)
            case "GET", "mail":
                return self._mail(query)
            case (("GET" | "POST" | "DELETE"), "faults"):
                return _faults(method, body)
            case _, "clock" | "jwks.json" | "authorize" | "token" | "mail" | "faults":
                return problem(
                    HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", f"no {method} here"
                )
            case _:
                return problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no page {path}")

    async def _set_clock(self, body: bytes) -> Answer:
        try:
            command = json.loads(body)
            await asyncio.to_thread(_apply, self._clock, command)
        except ClockModeError as error:
            return problem(HTTPStatus.CONFLICT, "clock_mode", str(error))
        except NotQuietError as error:
            return problem(HTTPStatus.GATEWAY_TIMEOUT, "not_quiet", str(error))
        except (ValueError, TypeError) as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_clock", str(error))
        return json_answer(self._clock.state())

    def _mail(self, query: dict[str, str]) -> Answer:
        recipient = query.get("to", "")
        try:
            since = epoch(query["since"]) if "since" in query else 0.0
        except ValueError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_time", str(error))
        messages = mailbox.sent(since, recipient)
        if query.get("format") == "json":
            return json_answer({"items": [message.as_json() for message in messages]})
        page = self._pages.get_template("mail.html").render(
            messages=messages[:_MESSAGES_ON_PAGE], total=len(messages), recipient=recipient
        )
        return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())


def _faults(method: str, body: bytes) -> Answer:
    if method == "POST":
        try:
            faults.add(faults.parse(body))
        except (ValueError, TypeError) as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fault", str(error))
    elif method == "DELETE":
        faults.clear()
    return json_answer({"items": faults.listing()})


def _apply(clock: ProgramClock, command: Any) -> None:
    """Do what a POST to the clock's page asks, and wait until all is quiet.

    Raises
    ------
    ValueError
        The command is none of ``{"advance_to": …}`` and ``{"mode": …, "now"?: …, "rate"?: …}``.
    """
    match command:
        case {"advance_to": str(moment), **rest} if not rest:
            clock.advance_to(epoch(moment))
        case {"mode": ("stepped" | "wall") as mode, **rest} if rest.keys() <= {"now", "rate"}:
            now = epoch(str(rest["now"])) if "now" in rest else None
            clock.wait_until_quiet()
            clock.set_mode(mode, now=now, rate=float(str(rest.get("rate", 1.0))))
            clock.wait_until_quiet()
        case _:
            raise ValueError(
                'expected {"advance_to": time} or {"mode": "stepped"|"wall", "now"?, "rate"?}'
            )
