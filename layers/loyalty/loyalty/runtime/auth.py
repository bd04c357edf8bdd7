"""Who is calling: the verified token (authorizer) and what its roles allow (handlers)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import jwt

STAFF: Final = frozenset(
    {"service", "marketer", "manager", "warehouse", "finance", "admin", "privacy"}
)
MACHINES: Final = frozenset({"pos", "shop", "erp", "crm"})
ROLES: Final = STAFF | MACHINES | {"member"}
NO_MEMBERSHIP: Final = "none"
# How long the issuer's keys are trusted without asking, and how often at most an unknown key id
# makes us ask: whoever invents them must not load the issuer.
KEYS_SECONDS: Final = 600
UNKNOWN_KEY_SECONDS: Final = 30


class TokenRefused(Exception):
    """The bearer token is missing, forged, expired or for somebody else."""


class Forbidden(Exception):
    """The caller is known and may not do this."""


class MembershipUnknown(Forbidden):
    """The caller's token does not say whether they are a member, so nobody knows whose account."""


class Principal(NamedTuple):
    """A verified caller.

    `member_id` is the caller's own membership: a member's, or a staff member's private one. It is
    empty for who has none, and None where the token does not say.
    """

    subject: str
    roles: frozenset[str]
    member_id: str | None

    @property
    def is_staff_or_machine(self) -> bool:
        return bool(self.roles & (STAFF | MACHINES))

    def require(self, *roles: str, member_id: str | None = None) -> None:
        """Pass when the caller has one of `roles`, or is the member `member_id`.

        Else raise `Forbidden`.
        """
        if self.roles & set(roles):
            return
        if member_id is not None and "member" in self.roles and self.member_id == member_id:
            return
        raise Forbidden

    def own_member_id(self) -> str | None:
        """Return whose account the caller may not act on, None without a membership.

        Raise `MembershipUnknown` for staff whose token does not say.
        """
        if self.member_id is None and self.roles & STAFF:
            raise MembershipUnknown
        return self.member_id or None


def context_of(principal: Principal) -> dict[str, str]:
    """Return the authorizer context that API Gateway hands to the handlers (strings only)."""
    membership = {} if principal.member_id is None else {"member_id": principal.member_id}
    return {
        "subject": principal.subject,
        "roles": " ".join(sorted(principal.roles)),
        **membership,
    }


def principal_of(authorizer_context: Mapping[str, Any]) -> Principal:
    """Return the caller from the authorizer context of a request.

    Raise `Forbidden` when there is none.
    """
    subject = authorizer_context.get("subject")
    if not subject:
        raise Forbidden
    member_id = authorizer_context.get("member_id")
    return Principal(
        subject=str(subject),
        roles=frozenset(str(authorizer_context.get("roles", "")).split()),
        member_id=None if member_id is None else str(member_id),
    )


@cache
def _keys(jwks_url: str) -> jwt.PyJWKClient:
    import jwt

    # Single keys are not kept for ever: one that the issuer withdraws ends with its set.
    return jwt.PyJWKClient(
        jwks_url,
        cache_keys=False,
        lifespan=KEYS_SECONDS,
        cooldown_duration=UNKNOWN_KEY_SECONDS,
        timeout=3,
    )


def verify(
    authorization: str | None,
    *,
    jwks_url: str,
    issuer: str,
    audience: str,
    lasts: timedelta | None = None,
) -> Principal:
    """Verify an `Authorization: Bearer` header: RS256 signature, issuer, audience, expiry.

    Roles come from the claim `roles`, or from Cognito's `cognito:groups`; unknown ones are dropped.
    The membership of staff comes from `member_id`, or from Cognito's `custom:member_id`: empty or
    `none` for who has none. A member's is the subject.

    Parameters
    ----------
    authorization
        The header.
    jwks_url, issuer, audience
        Where the issuer's keys are, who it is, and whom the token has to be for.
    lasts
        How long after it was issued a token is good at most; None for as long as it says itself.

    Raises
    ------
    TokenRefused
        For every reason alike: a caller learns nothing from the difference.
    jwt.PyJWKClientConnectionError
        The keys are out of reach, so nothing can be said of the token.
    """
    import jwt

    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused
    try:
        key = _keys(jwks_url).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            issuer=issuer,
            audience=audience,
            options={"require": ["exp", "sub", "iss", "aud", *(["iat"] if lasts else [])]},
        )
    except jwt.PyJWKClientConnectionError:
        raise
    except (jwt.PyJWTError, ValueError) as refused:
        raise TokenRefused from refused
    if lasts is not None and time.time() >= float(claims["iat"]) + lasts.total_seconds():
        raise TokenRefused
    return _principal(claims)


def _principal(claims: Mapping[str, Any]) -> Principal:
    granted = claims.get("roles", claims.get("cognito:groups", []))
    roles = (
        frozenset(role for role in granted if role in ROLES)
        if isinstance(granted, list)
        else frozenset()
    )
    subject = str(claims["sub"])
    member_id = subject if "member" in roles else _membership(claims)
    return Principal(subject=subject, roles=roles, member_id=member_id)


def _membership(claims: Mapping[str, Any]) -> str | None:
    said = claims.get("member_id", claims.get("custom:member_id"))
    if not isinstance(said, str):
        return None
    # Cognito leaves attributes out that are empty: there somebody without a membership has a word.
    return "" if said == NO_MEMBERSHIP else said
