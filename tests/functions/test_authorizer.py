"""The authorizer's handler: what a token that nothing can be said of is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

import authorizer.authorize
from tests.support.moto_app import MotoApp, lambda_context

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
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.authorize.handler(request(authorization), lambda_context())


@pytest.mark.usefixtures("issuer_is_down")
def test_a_token_that_cannot_be_checked_is_no_refusal() -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    token = jwt.encode({"sub": "pos", "exp": expires_at}, "k" * 32, headers={"kid": "1"})
    with pytest.raises(jwt.PyJWKClientConnectionError):
        authorizer.authorize.handler(request(f"Bearer {token}"), lambda_context())
