"""REQUEST authorizer of the API: a verified token allows the whole stage.

Handlers check roles and ownership.
"""

from __future__ import annotations

from typing import Any

from loyalty.runtime.auth import TokenRefused, context_of, verify
from loyalty.runtime.observability import instrumented
from loyalty.runtime.settings import settings


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return an allow policy over every route, so that a cached answer fits all of them.

    Else answer 401.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    config = settings()
    try:
        principal = verify(
            headers.get("authorization"),
            jwks_url=config.oidc_jwks_url,
            issuer=config.oidc_issuer,
            audience=config.oidc_audience,
        )
    except TokenRefused:
        # API Gateway turns exactly this message into 401; everything else would be 500.
        raise Exception("Unauthorized") from None
    api, stage = event["methodArn"].split("/")[:2]
    return {
        "principalId": principal.subject,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
            ],
        },
        "context": context_of(principal),
    }
