"""Sessions of the portal and links that begin them, as JWTs: expiring by the program's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from loyalty.services.portal_ports import Session, SignInLink

ALGORITHM: Final = "HS256"
_LINK: Final = "sign_in"
_SESSION: Final = "session"


class JwtPortalTokens:
    """Implements `loyalty.services.portal_ports.PortalTokens` with one secret of 32 bytes or more.

    The audience of a token is its purpose: a link is no session, a session no link.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign_link(self, link: SignInLink) -> str:
        return self._sign(
            _LINK,
            {"sub": link.member_id, "exp": _seconds(link.expires_at), "number": link.number},
        )

    def link(self, token: str, *, now: datetime) -> SignInLink | None:
        claims = self._claims(_LINK, token, now)
        if claims is None:
            return None
        return SignInLink(claims["sub"], claims["number"], _moment(claims["exp"]))

    def sign_session(self, session: Session) -> str:
        return self._sign(
            _SESSION,
            {
                "sub": session.member_id,
                "sid": session.session_id,
                "number": session.number,
                "auth_time": _seconds(session.started_at),
                "exp": _seconds(session.expires_at),
            },
        )

    def session(self, token: str, *, now: datetime) -> Session | None:
        claims = self._claims(_SESSION, token, now)
        if claims is None:
            return None
        return Session(
            member_id=claims["sub"],
            session_id=claims["sid"],
            number=claims["number"],
            started_at=_moment(claims["auth_time"]),
            expires_at=_moment(claims["exp"]),
        )

    def _sign(self, purpose: str, claims: Mapping[str, object]) -> str:
        return jwt.encode({**claims, "aud": purpose}, self._secret, algorithm=ALGORITHM)

    def _claims(self, purpose: str, token: str, now: datetime) -> Mapping[str, Any] | None:
        """Return what a token says; None when it is forged, for something else, or over."""
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=purpose,
                # PyJWT compares times with the system's clock; ours is the program's.
                options={"require": ["sub", "aud", "exp", "number"], "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return None
        return claims if now < _moment(claims["exp"]) else None


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
