"""The authorizer's handler: whose keys it trusts, and what it answers when nothing can be said."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

import authorizer.authorize
from local.identity import AUDIENCE, Issuer
from loyalty.runtime.auth import (
    KEYS_SECONDS,
    UNKNOWN_KEY_SECONDS,
    MembershipUnknown,
    principal_of,
)
from tests.support.moto_app import MotoApp, lambda_context

# API Gateway knows the refusal by these very words.
UNAUTHORIZED = r"^Unauthorized$"
# Nobody listens on the discard port.
NOWHERE = "http://127.0.0.1:9/jwks.json"


@pytest.fixture
def issuer_is_down(app: MotoApp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ISSUER": "https://issuer",
        "AUDIENCE": "loyalty",
        "JWKS_URL": NOWHERE,
    }.items():
        monkeypatch.setenv(f"OIDC_{name}", value)


def request(authorization: str | None) -> dict[str, object]:
    headers = {"Authorization": authorization} if authorization else {}
    return {"methodArn": "arn:aws:execute-api:eu-central-1:1:a/live/GET/v1", "headers": headers}


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Bearer", "Bearer x.y.z"])
@pytest.mark.usefixtures("issuer_is_down")
def test_what_is_no_token_is_unauthorized(authorization: str | None) -> None:
    with pytest.raises(Exception, match=UNAUTHORIZED):
        authorizer.authorize.handler(request(authorization), lambda_context())


@pytest.mark.usefixtures("issuer_is_down")
def test_a_token_that_cannot_be_checked_is_no_refusal() -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    token = jwt.encode({"sub": "pos", "exp": expires_at}, "k" * 32, headers={"kid": "1"})
    with pytest.raises(jwt.PyJWKClientConnectionError):
        authorizer.authorize.handler(request(f"Bearer {token}"), lambda_context())


@dataclass
class KeyServer:
    """An issuer's key set, and how often it was asked for."""

    issuer: Issuer
    url: str
    keys: list[dict[str, Any]] = field(default_factory=list)
    fetches: int = 0

    def decide(self, token: str) -> str:
        answer = authorizer.authorize.handler(request(f"Bearer {token}"), lambda_context())
        return str(answer["policyDocument"]["Statement"][0]["Effect"])


@pytest.fixture
def key_server(
    app: MotoApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeyServer]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.fetches += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": made.keys}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    issuer = Issuer(tmp_path / "key.pem", "https://issuer")
    made = KeyServer(issuer, f"http://127.0.0.1:{server.server_port}/jwks.json")
    made.keys = issuer.jwks()["keys"]
    for name, value in {"ISSUER": issuer.url, "AUDIENCE": AUDIENCE, "JWKS_URL": made.url}.items():
        monkeypatch.setenv(f"OIDC_{name}", value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("role", ["manager", "pos"])
def test_only_staff_has_to_say_whether_they_are_members(key_server: KeyServer, role: str) -> None:
    claims = {"iss": key_server.issuer.url, "aud": AUDIENCE, "sub": "ann", "roles": [role]}
    token = key_server.issuer.signed(claims | {"exp": time.time() + 60})
    answer = authorizer.authorize.handler(request(f"Bearer {token}"), lambda_context())
    caller = principal_of(answer["context"])
    if role == "pos":
        assert caller.own_member_id() is None
    else:
        with pytest.raises(MembershipUnknown):
            caller.own_member_id()


@pytest.mark.parametrize(
    ("role", "own"), [("manager", None), ("manager:none", None), ("manager:m-1", "m-1")]
)
def test_a_membership_is_passed_on(key_server: KeyServer, role: str, own: str | None) -> None:
    token = key_server.issuer.token(role)
    answer = authorizer.authorize.handler(request(f"Bearer {token}"), lambda_context())
    assert principal_of(answer["context"]).own_member_id() == own


def pass_seconds(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: later)


def test_made_up_key_ids_do_not_load_the_issuer(
    key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = key_server.issuer.token("pos")
    assert key_server.decide(token) == "Allow"
    pass_seconds(monkeypatch, UNKNOWN_KEY_SECONDS + 1)
    for nth in range(20):
        forged = jwt.encode({"sub": "pos"}, "k" * 32, headers={"kid": f"made-up-{nth}"})
        with pytest.raises(Exception, match=UNAUTHORIZED):
            key_server.decide(forged)
    assert key_server.decide(token) == "Allow"
    assert key_server.fetches == 2


def test_a_new_key_is_found_and_a_withdrawn_one_ends(
    key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = key_server.issuer.token("pos")
    assert key_server.decide(old) == "Allow"
    renewed = Issuer(tmp_path / "new.pem", key_server.issuer.url)
    key_server.keys = renewed.jwks()["keys"]
    pass_seconds(monkeypatch, KEYS_SECONDS + 1)
    assert key_server.decide(renewed.token("pos")) == "Allow"
    with pytest.raises(Exception, match=UNAUTHORIZED):
        key_server.decide(old)
