"""A deployed program to measure, and the bare client that makes the same requests."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import botocore.client
import botocore.session

from local.cloud import parameters
from local.deploy import deploy
from local.identity import Issuer
from local.workspace import REGION, Workspace
from tests.support.ministack import ROOT, Cloud

Request = tuple[str, str, dict[str, Any]]

CONTEXT: Any = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:benchmark",
    aws_request_id="benchmark",
    get_remaining_time_in_millis=lambda: 60_000,
)
_STACKS = ("measured", "bare")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Two copies of the program: one is measured, the other takes the bare client's requests."""

    cloud: Cloud
    resources: dict[str, dict[str, str]]
    issuer: Issuer

    def environment(self, function: str) -> dict[str, str]:
        """Return the environment that the deployed function has.

        With its definition cached as in AWS.
        """
        name = self.resources["measured"][function]
        configuration = self.cloud.client("lambda").get_function_configuration(FunctionName=name)
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return {
            **variables,
            **_CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "LOYALTY_CLOCK_FILE": "",
            "PROGRAM_CACHE_SECONDS": "60",
            "POWERTOOLS_METRICS_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }

    def bare_client(self, service: str) -> Any:
        """Return a botocore client, made as plainly as it can be."""
        os.environ.update(_CREDENTIALS)
        return botocore.session.get_session().create_client(
            service, region_name=REGION, endpoint_url=self.cloud.url
        )

    def for_bare(self, request: Request) -> Request:
        """Return the same request for the other copy's tables and buckets."""
        service, operation, parameters_ = request
        others = self.resources["bare"]
        # A layer version's logical id holds a hash that differs; no request names one.
        names = {
            name: others.get(logical_id, name)
            for logical_id, name in self.resources["measured"].items()
        }
        return service, operation, _renamed(parameters_, names)


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Return a part of a request with other names of resources, in its keys too."""
    match part:
        case dict():
            return {names.get(key, key): _renamed(value, names) for key, value in part.items()}
        case list() | tuple():
            return [_renamed(value, names) for value in part]
        case str():
            return names.get(part, part)
    return part


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Start a laptop cloud of its own and deploy the program into it twice."""
    with tempfile.TemporaryDirectory() as directory, Cloud(Path(directory)) as cloud:
        workspace = Workspace(root=ROOT, state_dir=Path(directory), port=cloud.port)
        resources = {}
        for stack in _STACKS:
            deployment = deploy(cloud, workspace.template_file, stack, parameters(workspace))
            resources[stack] = {item.logical_id: item.physical_id for item in deployment.resources}
        yield Laboratory(cloud, resources, Issuer.of(workspace))


@contextmanager
def recorded() -> Iterator[list[Request]]:
    """Collect every AWS request that this process makes meanwhile."""
    made: list[Request] = []
    client_class: Any = botocore.client.BaseClient
    original = client_class._make_api_call

    def record(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        # A copy: botocore adds a token to the original, which the bare client must make anew.
        made.append((client.meta.service_model.service_name, operation, dict(arguments)))
        return original(client, operation, arguments)

    client_class._make_api_call = record
    try:
        yield made
    finally:
        client_class._make_api_call = original


def enrolled(laboratory: Laboratory, email: str) -> str:
    """Enrol a customer in the measured copy; return the member's id."""
    os.environ.update(laboratory.environment("MembersApiFunction"))
    from api.members import handler

    event = order_event({"email": email})
    event |= {"resource": "/v1/members", "path": "/v1/members"}
    event["requestContext"]["path"] = "/v1/members"
    answer = handler(event, CONTEXT)
    member_id: str = json.loads(answer["body"])["member_id"]
    return member_id


def order_event(body: dict[str, Any]) -> dict[str, Any]:
    """Return `POST /v1/orders` as API Gateway hands it to the function."""
    return {
        "resource": "/v1/orders",
        "path": "/v1/orders",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "path": "/v1/orders",
            "stage": "v1",
            "requestId": "benchmark",
            "authorizer": {"subject": "till", "roles": "pos", "member_id": ""},
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def requested(
    method: str, address: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a request without a body, by staff or by a browser, as API Gateway hands it over."""
    path, _, query = address.partition("?")
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers or {}),
        "queryStringParameters": dict(parse_qsl(query)),
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "path": path,
            "requestId": "benchmark",
            "authorizer": {"subject": "ann", "roles": "service", "member_id": ""},
        },
        "body": None,
    }


def order_body(number: int, customer: dict[str, Any]) -> dict[str, Any]:
    """Return an order of the data set's usual number of lines, ten, of an hour ago."""
    lines = [
        {
            "sku": f"sku-{number}-{line}",
            "category": "GROCERY",
            "quantity": 1,
            # So little that no customer ever crosses the threshold: a journey would change the
            # measured copy's member meanwhile, and not the other's.
            "amount_minor": 1 + line % 4,
        }
        for line in range(10)
    ]
    return {
        "source": "pos",
        "order_id": f"order-{number}",
        "occurred_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "store_id": "17",
        "customer": customer,
        "total": {"amount_minor": sum(line["amount_minor"] for line in lines), "currency": "EUR"},
        "lines": lines,
    }


def report(
    name: str, ours: Sequence[float], bare: Sequence[float], unit: str, goal: float | None
) -> None:
    """Print the medians and the median of the pairwise ratios."""
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    aim = f" (goal ≤ {goal})" if goal else ""
    medians = f"{median(ours):.3f} {unit} to bare {median(bare):.3f} {unit}"
    print(f"{name}: ratio {ratio:.2f}{aim}, median {medians}")
