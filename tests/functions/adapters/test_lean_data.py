"""What our loader leaves out of botocore's data changes no request."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from botocore.session import get_session

from loyalty.adapters.aws import Aws, LeanData

# An operation without parameters of each service that `Aws.client` knows, and of DynamoDB.
OPERATIONS = {
    "dynamodb": "list_tables",
    "events": "list_rules",
    "s3": "list_buckets",
    "secretsmanager": "list_secrets",
    "sesv2": "get_account",
    "sns": "list_topics",
    "sqs": "list_queues",
    "stepfunctions": "list_state_machines",
}
# Of each kind of partition one, and the region that old services treat as the whole world.
REGIONS = ("eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1")


class Sent(Exception):
    """Raised instead of sending."""


@pytest.fixture(autouse=True)
def _in_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", OPERATIONS)
def test_a_request_goes_where_botocores_own_goes_and_is_signed_alike(
    service: Any, region: str
) -> None:
    ours: Any = Aws(region=region).client(service)
    botocores = get_session().create_client(service, region, config=ours.meta.config)
    operation = OPERATIONS[service]
    assert _request(ours, operation) == _request(botocores, operation)


def _request(client: Any, operation: str) -> tuple[str, list[str]]:
    """Return the URL of a request, and region and service that its signature is for."""
    made: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        made.append(request)
        raise Sent

    client.meta.events.register("before-send", keep)
    with pytest.raises(Sent):
        getattr(client, operation)()
    [request] = made
    credential = request.headers["Authorization"].decode().split(",")[0]
    return request.url, [credential.split("/")[part] for part in (0, 2, 3, 4)]


def test_the_data_are_those_of_botocore() -> None:
    ours, botocores = LeanData(), Loader()
    services = set(botocores.list_available_services("service-2"))
    assert services <= set(ours.list_available_services("service-2"))
    for name in ("partitions", "dynamodb/2012-08-10/service-2"):
        assert ours.load_data(name) == botocores.load_data(name)
    with pytest.raises(DataNotFoundError):
        ours.load_data("nothing")
