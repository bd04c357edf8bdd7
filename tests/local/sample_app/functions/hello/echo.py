"""Answers an HTTP request with what arrived, and greets a state machine."""

from __future__ import annotations

import json
import os
from typing import Any

from shared.greeting import greet


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    if "name" in event:
        return {"greeting": greet(event["name"])}
    arrived = {
        "path": event.get("path"),
        "query": event.get("multiValueQueryStringParameters"),
        "headers": event.get("headers"),
        "body": event.get("body"),
        "public_url": os.environ["PUBLIC_URL"],
        "principal": event.get("requestContext", {}).get("authorizer", {}).get("principalId"),
    }
    return {"statusCode": 200, "body": json.dumps(arrived)}
