"""Signing staff in at the company's identity provider: authorization code with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import jwt
import urllib3

ALGORITHM: Final = "HS256"
PENDING_FOR: Final = timedelta(minutes=10)
_PURPOSE: Final = "console_sign_in"
_TIMEOUT_SECONDS: Final = 5.0


class SignInRefused(Exception):
    """The provider did not answer what was asked, or somebody else asked."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the provider is, and what it knows us as.

    `end_session_url` is None for one that has no session to end.
    """

    client_id: str
    authorize_url: str
    token_url: str
    redirect_uri: str
    end_session_url: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way: what only the browser that began it has, in a cookie."""

    state: str
    verifier: str
    back_to: str


def begin(provider: Provider, back_to: str, *, anew: bool = False) -> tuple[str, Pending]:
    """Return the provider's address to go to, and what to remember until the answer comes.

    Parameters
    ----------
    provider
        Where to sign in.
    back_to
        The page that is wanted.
    anew
        Whether the person has to prove who they are, although the provider knows the browser.
    """
    pending = Pending(secrets.token_urlsafe(24), secrets.token_urlsafe(48), back_to)
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": "openid",
        "state": pending.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **({"prompt": "login"} if anew else {}),
    }
    return _address(provider.authorize_url, asked), pending


def end_session(provider: Provider, back_to: str) -> str | None:
    """Return the address that ends the provider's own session (RP-Initiated Logout 1.0).

    Parameters
    ----------
    provider
        Who has the session; None for one that offers no end of it.
    back_to
        Our address to send the browser to after it, registered with the provider.
    """
    if provider.end_session_url is None:
        return None
    asked = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": back_to,
        "logout_uri": back_to,  # Cognito's name of it
    }
    return _address(provider.end_session_url, asked)


def _address(url: str, asked: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def redeem(provider: Provider, code: str, verifier: str) -> str:
    """Return the ID token for a code, not verified yet: one request to the provider.

    Raises
    ------
    SignInRefused
        The code is not good, or the provider is out of reach.
    """
    asked = {
        "grant_type": "authorization_code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "code": code,
        "code_verifier": verifier,
    }
    try:
        answer = urllib3.request(
            "POST",
            provider.token_url,
            body=urlencode(asked),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=_TIMEOUT_SECONDS,
            retries=False,
            redirect=False,
        )
        token = json.loads(answer.data)["id_token"]
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
        raise SignInRefused from error
    return str(token)


def sealed(pending: Pending, secret: bytes, *, lasts: timedelta = PENDING_FOR) -> str:
    """Return a sign-in under way as a cookie's value.

    It lasts in real time, as the provider's tokens do, whatever the program's clock says.
    """
    claims = {
        "aud": _PURPOSE,
        "exp": datetime.now(UTC) + lasts,
        "state": pending.state,
        "verifier": pending.verifier,
        "back_to": pending.back_to,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def opened(cookie: str | None, state: str, secret: bytes) -> Pending:
    """Return the sign-in that this browser began.

    Raises
    ------
    SignInRefused
        It began none, another one than `state` answers, or more than ten minutes ago.
    """
    try:
        claims = jwt.decode(
            cookie or "",
            secret,
            algorithms=[ALGORITHM],
            audience=_PURPOSE,
            options={"require": ["aud", "exp"]},
        )
    except jwt.InvalidTokenError as error:
        raise SignInRefused from error
    if not secrets.compare_digest(claims["state"].encode(), state.encode()):
        raise SignInRefused
    return Pending(claims["state"], claims["verifier"], claims["back_to"])
