"""Signed links as JWTs: expiring by the program's clock, good for one purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import jwt

from loyalty.domain.errors import InvitationExpired, InvitationInvalid
from loyalty.services.ports import Link

ALGORITHM: Final = "HS256"


class JwtLinkSigner:
    """Signs with one secret of at least 32 bytes; the audience of a token is its purpose."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(
        self, purpose: str, member_id: str, *, issued_at: datetime, expires_at: datetime
    ) -> str:
        """Return the token; its expiry is cut to the second."""
        claims = {
            "sub": member_id,
            "aud": purpose,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, purpose: str, token: str, *, now: datetime) -> Link:
        """Return whose link it is.

        Raises
        ------
        InvitationInvalid
            Not signed by us, or for another purpose.
        InvitationExpired
            Signed by us, but its time is over.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=purpose,
                # PyJWT compares times with the system's clock; ours is the program's.
                options={
                    "require": ["sub", "aud", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise InvitationInvalid(type(error).__name__) from error
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if now >= expires_at:
            raise InvitationExpired(claims["sub"])
        return Link(claims["sub"], expires_at)
