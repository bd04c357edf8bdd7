"""The identity provider of the laptop: signs the tokens that Cognito signs in AWS.

Tokens are checked against real time by the API's authorizer, whatever the program clock says,
so they are issued on real time too, and last long enough for a demo.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.workspace import Workspace

AUDIENCE = "loyalty"
MACHINE_ROLES = ("pos", "shop", "erp", "crm")
STAFF_ROLES = ("service", "marketer", "manager", "warehouse", "finance", "admin", "privacy")
TOKEN_SECONDS = 30 * 24 * 3600

_ALGORITHM = "RS256"
_KEY_BITS = 2048


class UnknownRoleError(Exception):
    """No token can be issued for this role."""

    def __init__(self, role: str) -> None:
        known = ", ".join(("staff", *STAFF_ROLES, *MACHINE_ROLES, "member:<id>", "<staff>:<id>"))
        super().__init__(f"unknown role {role!r}; known are {known}")


class Issuer:
    """Signs tokens with a key that is made on first use and kept in a file.

    Parameters
    ----------
    key_file
        Where the private key is, or will be.
    url
        The issuer's name in the tokens.
    now
        Real time in epoch seconds.
    """

    def __init__(self, key_file: Path, url: str, now: Callable[[], float] = time.time) -> None:
        self.url = url
        self._key_file = key_file
        self._now = now

    @classmethod
    def of(cls, workspace: Workspace) -> Issuer:
        return cls(workspace.issuer_key_file, f"{workspace.url}/_local")

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks.json"

    @property
    def authorize_url(self) -> str:
        return f"{self.url}/authorize"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def jwks(self) -> dict[str, Any]:
        """The public key, as the document that verifiers load."""
        return {"keys": [self._public_jwk]}

    def token(
        self,
        role: str,
        subject: str | None = None,
        *,
        audience: str = AUDIENCE,
        seconds: int = TOKEN_SECONDS,
    ) -> str:
        """Issue a bearer token.

        Parameters
        ----------
        role
            A role of staff or machines, ``staff`` for all of the staff's, ``member:<id>``, or a
            role of staff with the membership of its holder: ``manager:<id>``.
        subject
            Who the token is for; by default the member, or the role's name.
        audience
            Who takes it: the API, or a client that somebody signs in to.
        seconds
            How long it holds.

        Raises
        ------
        UnknownRoleError
            The role is none of these.
        """
        roles, default_subject, membership = _roles(role)
        issued_at = int(self._now())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": subject or default_subject,
            "roles": list(roles),
            "iat": issued_at,
            "exp": issued_at + seconds,
        }
        if membership is not None:
            claims["member_id"] = membership
        return self.signed(claims)

    def signed(self, claims: Mapping[str, object]) -> str:
        """Sign claims as they are."""
        headers = {"kid": self._public_jwk["kid"]}
        return jwt.encode(dict(claims), self._private_key, algorithm=_ALGORITHM, headers=headers)

    @cached_property
    def _private_key(self) -> rsa.RSAPrivateKey:
        if not self._key_file.exists():
            _create_key(self._key_file)
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{self._key_file} holds no RSA key")
        return key

    @cached_property
    def _public_jwk(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self._private_key.public_key(), as_dict=True)
        members = json.dumps(
            {name: public[name] for name in ("e", "kty", "n")}, separators=(",", ":")
        )
        thumbprint = hashlib.sha256(members.encode()).digest()
        kid = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
        return {**public, "kid": kid, "alg": _ALGORITHM, "use": "sig"}


def _roles(role: str) -> tuple[Sequence[str], str, str | None]:
    """Roles in the token, its subject when none is given, and a member of staff's membership.

    The membership is empty for staff that has none, None for everybody else.
    """
    if role == "staff":
        return STAFF_ROLES, role, ""
    if role in STAFF_ROLES:
        return (role,), role, ""
    if role in MACHINE_ROLES:
        return (role,), role, None
    kind, _, member_id = role.partition(":")
    if kind == "member" and member_id:
        return ("member",), member_id, None
    if kind in STAFF_ROLES and member_id:
        return (kind,), kind, member_id
    raise UnknownRoleError(role)


def _create_key(key_file: Path) -> None:
    """Write a new key, whole or not at all; of two that do it at once, the first one's stays."""
    key_file.parent.mkdir(parents=True, exist_ok=True)
    pem = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with tempfile.NamedTemporaryFile(dir=key_file.parent) as draft:
        draft.write(pem)
        draft.flush()
        try:
            os.link(draft.name, key_file)
        except FileExistsError:
            return
