"""The local identity provider: its tokens are what the API's authorizer accepts."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest

from local.identity import AUDIENCE, STAFF_ROLES, TOKEN_SECONDS, Issuer, UnknownRoleError

URL = "http://127.0.0.1:4566/_local"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "state" / "key.pem", URL)


def verified(issuer: Issuer, token: str) -> dict[str, Any]:
    """Claims of a token, checked as a service does that knows the published keys only."""
    key = jwt.PyJWKSet.from_dict(issuer.jwks())[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=URL)


def test_staff_has_every_staff_role(issuer: Issuer) -> None:
    assert verified(issuer, issuer.token("staff"))["roles"] == list(STAFF_ROLES)


@pytest.mark.parametrize("role", ["pos", "erp", "marketer", "privacy"])
def test_a_role_stands_alone(issuer: Issuer, role: str) -> None:
    claims = verified(issuer, issuer.token(role))

    assert claims["roles"] == [role]
    assert claims["sub"] == role


def test_a_member_is_the_subject(issuer: Issuer) -> None:
    claims = verified(issuer, issuer.token("member:m3kabc"))

    assert (claims["sub"], claims["roles"]) == ("m3kabc", ["member"])


def test_a_member_of_staff_may_be_a_member(issuer: Issuer) -> None:
    claims = verified(issuer, issuer.token("manager:m3kabc"))

    assert (claims["sub"], claims["roles"], claims["member_id"]) == (
        "manager",
        ["manager"],
        "m3kabc",
    )


@pytest.mark.parametrize(
    ("role", "said"), [("manager", ""), ("staff", ""), ("pos", None), ("member:m3kabc", None)]
)
def test_staff_without_a_membership_says_so(issuer: Issuer, role: str, said: str | None) -> None:
    assert verified(issuer, issuer.token(role)).get("member_id") == said


def test_two_people_can_have_one_role(issuer: Issuer) -> None:
    assert verified(issuer, issuer.token("manager", subject="ann"))["sub"] == "ann"


@pytest.mark.parametrize("role", ["boss", "member:", "member", "manager:", "pos:m3kabc", ""])
def test_an_unknown_role_gets_no_token(issuer: Issuer, role: str) -> None:
    with pytest.raises(UnknownRoleError, match="known are staff, service"):
        issuer.token(role)


def test_a_token_ends_on_real_time(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path / "key.pem", URL, now=lambda: 1_000_000.0)

    with pytest.raises(jwt.ExpiredSignatureError):
        verified(issuer, issuer.token("pos"))
    claims = jwt.decode(issuer.token("pos"), options={"verify_signature": False})
    assert claims["exp"] == 1_000_000 + TOKEN_SECONDS


def test_the_key_outlives_the_process_and_is_nobody_elses(tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    token = Issuer(key_file, URL).token("pos")

    assert verified(Issuer(key_file, URL), token)["sub"] == "pos"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_the_private_key_is_not_published(issuer: Issuer) -> None:
    [key] = issuer.jwks()["keys"]

    assert key.keys() == {"kty", "key_ops", "n", "e", "kid", "alg", "use"}


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    issuers = [Issuer(tmp_path / "key.pem", URL) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda issuer: issuer.token("pos"), issuers))

    assert all(verified(issuers[0], token) for token in tokens)
