"""Signing in to the console on the laptop: the two pages of an OIDC provider, without passwords.

Authorization code with PKCE, as the company's own provider does it: `/_local/authorize` lets one
choose who one is, `/_local/token` gives the ID token for the code, once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader

from local.asgi import Answer, json_answer, problem
from local.identity import STAFF_ROLES, Issuer, UnknownRoleError

CLIENT_ID = "console"
ID_TOKEN_SECONDS = 12 * 3600

_CALLBACK = "/console/sign-in/callback"
_CODE_SECONDS = 60.0


@dataclass(frozen=True)
class _Grant:
    """What a code stands for."""

    role: str
    subject: str | None
    redirect_uri: str
    challenge: str
    expires_at: float


class SignIn:
    """The provider's pages; codes are kept in memory, as they live for a minute.

    Parameters
    ----------
    public_url
        Where the console is: nobody is sent anywhere else.
    """

    def __init__(
        self, issuer: Issuer, public_url: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._redirect_uri = public_url + _CALLBACK
        self._now = now
        self._grants: dict[str, _Grant] = {}
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
        )

    def authorize(self, query: Mapping[str, str]) -> Answer:
        """Show who one can be; with a role chosen, send the browser back with a code."""
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in asked.items() if query.get(name) != value]
        if wrong or not query.get("code_challenge"):
            detail = f"not as the console asks: {', '.join(wrong) or 'code_challenge'}"
            return problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail)
        if "role" not in query:
            page = self._pages.get_template("sign_in.html").render(
                roles=("staff", *STAFF_ROLES), asked=query
            )
            return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())
        member_id = query.get("member_id", "").strip()
        role = f"{query['role']}:{member_id}" if member_id else query["role"]
        code = secrets.token_urlsafe(24)
        self._grants[code] = _Grant(
            role=role,
            subject=query.get("subject", "").strip() or None,
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            expires_at=self._now() + _CODE_SECONDS,
        )
        back = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(
            HTTPStatus.SEE_OTHER,
            "text/plain; charset=utf-8",
            b"",
            {"location": f"{self._redirect_uri}?{back}"},
        )

    def token(self, body: bytes) -> Answer:
        """Give the ID token that a code stands for; the code is void then."""
        form = dict(parse_qsl(body.decode("latin-1")))
        grant = self._grants.pop(form.get("code", ""), None)
        holds = grant is not None and (
            form.get("grant_type") == "authorization_code"
            and form.get("client_id") == CLIENT_ID
            and form.get("redirect_uri") == grant.redirect_uri
            and hmac.compare_digest(challenge_of(form.get("code_verifier", "")), grant.challenge)
            and self._now() < grant.expires_at
        )
        if grant is None or not holds:
            return json_answer({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        try:
            token = self._issuer.token(
                grant.role, grant.subject, audience=CLIENT_ID, seconds=ID_TOKEN_SECONDS
            )
        except UnknownRoleError:
            return json_answer({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        return json_answer(
            {"token_type": "Bearer", "id_token": token, "expires_in": ID_TOKEN_SECONDS}
        )


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
