"""The API's document is generated, valid, and says what the template deploys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate
from samtranslator.yaml_helper import yaml_parse

from loyalty.runtime.openapi import DOCUMENT, document
from tests.support.dynamodb import TEMPLATE

# Served, but no part of the contract that the document describes.
UNDESCRIBED = {
    ("get", "/docs"),
    ("get", "/v1/openapi.json"),
    ("get", "/static/{name}"),
    ("get", "/portal"),
    ("get", "/portal/{proxy+}"),
    ("post", "/portal/{proxy+}"),
    ("get", "/portal/sign-in"),
    ("post", "/portal/sign-in"),
    ("get", "/portal/sign-in/{token}"),
    ("post", "/portal/sign-in/{token}"),
    ("get", "/console"),
    ("get", "/console/{proxy+}"),
    ("post", "/console/{proxy+}"),
}


def _deployed_routes() -> set[tuple[str, str]]:
    events = [
        event["Properties"]
        for resource in yaml_parse(TEMPLATE.read_text())["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "Api"
    ]
    return {(event["Method"], event["Path"]) for event in events}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text())


def test_the_committed_document_is_what_the_code_generates() -> None:
    assert DOCUMENT.read_text() == document(TEMPLATE.parent / "functions"), "run `make schemas`"


def test_the_document_is_valid_openapi(openapi: dict[str, Any]) -> None:
    validate(openapi)


def test_the_document_describes_exactly_the_routes_that_are_deployed(
    openapi: dict[str, Any],
) -> None:
    described = {(method, path) for path, item in openapi["paths"].items() for method in item}
    assert described == _deployed_routes() - UNDESCRIBED


def test_every_route_but_the_public_ones_asks_for_a_token(openapi: dict[str, Any]) -> None:
    open_routes = {
        path
        for path, item in openapi["paths"].items()
        for operation in item.values()
        if operation.get("security") == []
    }
    assert open_routes == {
        "/v1/health",
        "/v1/invitations/{token}",
        "/v1/invitations/{token}/accept",
        "/v1/invitations/{token}/decline",
        "/v1/unsubscribe/{token}",
    }
