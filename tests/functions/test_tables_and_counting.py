"""The helpers that make the application's tables and count what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from loyalty.adapters.aws import Aws
from loyalty.adapters.dynamodb.tables import MembersItem, bind
from tests.support.counting import counting_requests
from tests.support.dynamodb import create_tables, table_definitions

REGION = "eu-central-1"
ITEM = {"pk": {"S": "MEMBER#m1"}, "sk": {"S": "PROFILE"}}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    with mock_aws():
        yield boto3.client("dynamodb", region_name=REGION)


def test_the_tables_are_the_template_s(client: Any) -> None:
    names = create_tables(client, prefix="test-")

    assert names["MEMBERS_TABLE"] == "test-MembersTable"
    assert set(client.list_tables()["TableNames"]) == {
        f"test-{name}" for name in table_definitions()
    }
    table = client.describe_table(TableName=names["MEMBERS_TABLE"])["Table"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {
        "orders_by_member",
        "story_by_member",
        "members_by_shard",
        "enrolled_by_shard",
    }
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    living = client.describe_time_to_live(TableName=names["MEMBERS_TABLE"])
    assert living["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def test_requests_are_counted_by_operation_refused_ones_too(client: Any) -> None:
    table = create_tables(client)["MEMBERS_TABLE"]
    new = {"ConditionExpression": "attribute_not_exists(pk)"}

    with counting_requests() as requests:
        client.put_item(TableName=table, Item=ITEM, **new)
        with pytest.raises(ClientError):
            client.put_item(TableName=table, Item=ITEM, **new)
        client.get_item(TableName=table, Key=ITEM)
    client.get_item(TableName=table, Key=ITEM)

    assert requests.total == 3
    assert requests.by_operation == {"PutItem": 2, "GetItem": 1}


def test_requests_of_pynamodb_are_counted(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = create_tables(client)
    bind(
        Aws(region=REGION),
        members_table=names["MEMBERS_TABLE"],
        program_table=names["PROGRAM_TABLE"],
    )

    with counting_requests() as requests, pytest.raises(MembersItem.DoesNotExist):
        MembersItem.get("MEMBER#m1", "PROFILE")

    assert requests.by_operation == {"GetItem": 1}


def test_capacity_is_added_up_when_asked_for(client: Any) -> None:
    table = create_tables(client)["MEMBERS_TABLE"]

    with counting_requests(with_capacity=True) as requests:
        client.put_item(TableName=table, Item=ITEM)
        client.get_item(TableName=table, Key=ITEM)

    assert requests.capacity_units > 0


def test_other_services_are_not_counted(client: Any) -> None:
    with counting_requests() as requests:
        boto3.client("sqs", region_name=REGION).list_queues()

    assert requests.total == 0
