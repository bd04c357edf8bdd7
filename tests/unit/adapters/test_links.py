"""Signed links: forged, for another purpose, or too late, they are good for nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from loyalty.adapters.links import JwtLinkSigner
from loyalty.domain.errors import InvitationExpired, InvitationInvalid

SECRET = b"a link secret of at least 32 bytes"
SIGNER = JwtLinkSigner(SECRET)
# Long past for the system's clock: only the program's counts.
NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
TOKEN = SIGNER.sign("invitation", "m1", issued_at=NOW, expires_at=NOW + WEEK)


def test_a_link_speaks_for_its_member_until_it_expires() -> None:
    link = SIGNER.verify("invitation", TOKEN, now=NOW + WEEK - timedelta(seconds=1))
    assert (link.member_id, link.expires_at) == ("m1", NOW + WEEK)


def test_a_link_of_the_programs_future_works() -> None:
    future = datetime(2200, 1, 1, tzinfo=UTC)
    token = SIGNER.sign("invitation", "m1", issued_at=future, expires_at=future + WEEK)
    assert SIGNER.verify("invitation", token, now=future).member_id == "m1"


def test_an_expired_link_is_told_apart() -> None:
    with pytest.raises(InvitationExpired):
        SIGNER.verify("invitation", TOKEN, now=NOW + WEEK)


def unsigned() -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=")
    return f"{header.decode()}.{TOKEN.split('.')[1]}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        TOKEN[:-2],
        TOKEN + "x",
        unsigned(),
        JwtLinkSigner(b"another secret of at least 32 byte").sign(
            "invitation", "m1", issued_at=NOW, expires_at=NOW + WEEK
        ),
        SIGNER.sign("unsubscribe", "m1", issued_at=NOW, expires_at=NOW + WEEK),
        jwt.encode({"sub": "m1", "aud": "invitation"}, SECRET, algorithm="HS256"),
        jwt.encode({"aud": "invitation", "exp": 2**31}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "m1", "aud": "invitation", "exp": 2**31}, SECRET * 2, algorithm="HS512"),
    ],
)
def test_a_forged_or_foreign_link_is_invalid(token: str) -> None:
    with pytest.raises(InvitationInvalid):
        SIGNER.verify("invitation", token, now=NOW)
