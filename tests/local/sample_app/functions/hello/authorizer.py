"""Lets in whoever brings a token that the issuer signed."""

from __future__ import annotations

import os
from typing import Any

import jwt

keys = jwt.PyJWKClient(os.environ["OIDC_JWKS_URL"])


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in event["headers"].items()}
    token = headers.get("authorization", "").removeprefix("Bearer ")
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["RS256"], audience="loyalty")
    except jwt.PyJWTError as error:
        # API Gateway answers 401 to exactly this message.
        raise Exception("Unauthorized") from error
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": claims["sub"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
