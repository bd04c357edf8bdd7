"""Signing in to the console on the laptop: code and PKCE, as a real provider does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from local.identity import Issuer
from local.sign_in import CLIENT_ID, SignIn, challenge_of

PUBLIC_URL = "http://127.0.0.1:4566"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
ASKED = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": f"{PUBLIC_URL}/console/sign-in/callback",
    "scope": "openid",
    "state": "s-1",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "key.pem", f"{PUBLIC_URL}/_local")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def sign_in(issuer: Issuer, time: Time) -> SignIn:
    return SignIn(issuer, PUBLIC_URL, time)


def code_for(sign_in: SignIn, **more: str) -> str:
    answer = sign_in.authorize({**ASKED, "role": "manager", **more})
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == ASKED["redirect_uri"]
    sent = parse_qs(address.query)
    assert sent["state"] == ["s-1"]
    return sent["code"][0]


def redeemed(sign_in: SignIn, code: str, **more: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "redirect_uri": ASKED["redirect_uri"],
        "code": code,
        "code_verifier": VERIFIER,
        **more,
    }
    return sign_in.token(urlencode(form).encode())


def claims(issuer: Issuer, body: bytes) -> dict[str, Any]:
    token = json.loads(body)["id_token"]
    key = jwt.PyJWKSet.from_dict(issuer.jwks())[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT_ID, issuer=issuer.url)


def test_the_page_offers_every_role_and_keeps_what_was_asked(sign_in: SignIn) -> None:
    page = sign_in.authorize({**ASKED, "state": '"><script>'}).body.decode()
    assert 'value="warehouse"' in page
    assert ASKED["code_challenge"] in page
    assert "<script>" not in page


def test_a_role_chosen_becomes_an_id_token(sign_in: SignIn, issuer: Issuer) -> None:
    answer = redeemed(sign_in, code_for(sign_in, subject="ann", member_id="m-1"))
    found = claims(issuer, answer.body)
    assert (found["sub"], found["roles"], found["member_id"]) == ("ann", ["manager"], "m-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/console/sign-in/callback"},
        {"client_id": "other"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
def test_only_the_console_may_ask(sign_in: SignIn, changed: dict[str, str]) -> None:
    answer = sign_in.authorize({**ASKED, "role": "admin", **changed})
    assert answer.status == 400
    assert not answer.headers


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "another"},
        {"client_id": "other"},
        {"redirect_uri": "https://evil.example"},
        {"grant_type": "password"},
        {"code": "unknown"},
    ],
)
def test_a_code_is_good_for_who_asked_alone(sign_in: SignIn, changed: dict[str, str]) -> None:
    asked = {"code": code_for(sign_in), **changed}
    assert redeemed(sign_in, asked.pop("code"), **asked).status == 400


def test_a_code_is_good_once_and_for_a_minute(sign_in: SignIn, time: Time) -> None:
    code = code_for(sign_in)
    assert redeemed(sign_in, code).status == 200
    assert redeemed(sign_in, code).status == 400
    late = code_for(sign_in)
    time.now = 60.0
    assert redeemed(sign_in, late).status == 400


def test_nobody_gets_a_role_that_there_is_not(sign_in: SignIn) -> None:
    assert redeemed(sign_in, code_for(sign_in, role="root")).status == 400
