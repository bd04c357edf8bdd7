"""What is documented, what is deployed and what is in the folders is the same."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lint import house
from loyalty.runtime import openapi
from loyalty.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
Resources = dict[str, dict[str, Any]]
# Served, but no part of the API that is described; pages check their sessions themselves.
PAGES = {
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
UNDESCRIBED = {("get", "/v1/openapi.json"), ("get", "/docs")} | PAGES


@pytest.fixture(scope="module")
def deployed(translated: Resources) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the deployed API by method and path."""
    body = translated["LoyaltyApi"]["Properties"]["Body"]
    return {
        (method, path): operation
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
    }


@pytest.fixture(scope="module")
def described() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the OpenAPI document by method and path."""
    document = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
    return {
        (method, path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def test_the_openapi_document_is_that_of_the_code() -> None:
    written = openapi.DOCUMENT.read_text(encoding="utf-8")

    assert written == openapi.document(ROOT / "functions"), "run `make schemas` and commit"


def test_every_described_route_is_deployed_and_the_reverse(
    deployed: dict[tuple[str, str], dict[str, Any]],
    described: dict[tuple[str, str], dict[str, Any]],
) -> None:
    assert set(described) == set(deployed) - UNDESCRIBED


def test_only_what_is_described_as_open_needs_no_token(
    deployed: dict[tuple[str, str], dict[str, Any]],
    described: dict[tuple[str, str], dict[str, Any]],
) -> None:
    needs_token = {
        route for route, operation in deployed.items() if {"Bearer": []} in operation["security"]
    }
    is_open = {route for route, operation in described.items() if operation.get("security") == []}

    assert set(deployed) - needs_token == is_open | UNDESCRIBED


def test_an_authorization_outlives_its_token_by_a_minute_at_most(translated: Resources) -> None:
    bearer = translated["LoyaltyApi"]["Properties"]["Body"]["securityDefinitions"]["Bearer"]

    assert bearer["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] <= 60


def test_nothing_keeps_the_tokens_in_the_paths_of_links(translated: Resources) -> None:
    [(_, stage)] = house.of_type(translated, "AWS::ApiGateway::Stage")
    kept = stage["AccessLogSetting"]["Format"]

    assert stage["TracingEnabled"] is False
    assert not re.findall(
        r"context\.(path|requestOverride\.path|requestOverride\.querystring)", kept
    )
    assert all(not of["DataTraceEnabled"] for of in stage["MethodSettings"])
    assert {of["LoggingLevel"] for of in stage["MethodSettings"]} == {"ERROR"}


def test_asking_for_links_has_a_throttle_of_its_own(translated: Resources) -> None:
    [(_, stage)] = house.of_type(translated, "AWS::ApiGateway::Stage")
    all_routes, links = stage["MethodSettings"]

    assert (all_routes["ResourcePath"], all_routes["HttpMethod"]) == ("/*", "*")
    assert (links["ResourcePath"], links["HttpMethod"]) == ("/portal/sign-in", "POST")
    assert links["ThrottlingRateLimit"] <= 10
    assert links["ThrottlingBurstLimit"] <= 20


def test_every_module_under_functions_is_deployed_and_the_reverse(translated: Resources) -> None:
    handlers = {
        function["Handler"] for _, function in house.of_type(translated, "AWS::Lambda::Function")
    }
    modules = (
        file.relative_to(ROOT / "functions").with_suffix("")
        for file in (ROOT / "functions").rglob("*.py")
        if file.stem != "__init__"
    )

    assert handlers == {".".join((*module.parts, "handler")) for module in modules}


def test_a_function_has_the_role_and_the_log_group_of_its_folder(translated: Resources) -> None:
    for name, function in house.of_type(translated, "AWS::Lambda::Function"):
        folder = function["Handler"].split(".")[0].title().replace("_", "")

        assert house.logical_id(function["Role"]) == f"{folder}Role", name
        assert house.logical_id(function["LoggingConfig"]["LogGroup"]) == f"{folder}Logs", name


def test_every_setting_is_given_by_the_template(translated: Resources) -> None:
    given = set()
    for _, function in house.of_type(translated, "AWS::Lambda::Function"):
        given |= set(function["Environment"]["Variables"])
    source = Path(str(Settings.__module__).replace(".", "/") + ".py")
    text = (ROOT / "layers" / "loyalty" / source).read_text(encoding="utf-8")
    read = set(re.findall(r'"([A-Z][A-Z_]{3,})"', text))

    assert read
    assert read - given == set()


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")

    assert f"ServiceVersion:\n    Type: String\n    Default: {project['version']}\n" in template
