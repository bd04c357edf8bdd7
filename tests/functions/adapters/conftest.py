"""The tables in moto, and the adapters bound to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from loyalty.adapters.aws import Aws
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.tables import Tables, bind

REGION = "eu-central-1"
IDENTITY_SECRET = b"identity-secret-of-the-tests"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    with mock_aws():
        yield Aws(region=REGION)


@pytest.fixture
def dynamodb(aws: Aws) -> Any:
    """A bare client, to look at items as they are."""
    return botocore.session.get_session().create_client("dynamodb", region_name=REGION)


@pytest.fixture
def tables(aws: Aws, dynamodb: Any) -> Tables:
    text = {"pk": "S", "sk": "S"}
    indexes = {
        "orders_by_member": ("orders_of", "order_time"),
        "members_by_shard": ("shard", "member_id"),
    }
    index_keys = {"orders_of": "S", "order_time": "S", "shard": "N", "member_id": "S"}
    _create(
        dynamodb,
        "members",
        text | index_keys,
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": _schema(*keys),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name, keys in indexes.items()
        ],
    )
    _create(dynamodb, "program", text)
    return bind(aws, members_table="members", program_table="program")


@pytest.fixture
def store(tables: Tables) -> DynamoMemberStore:
    return DynamoMemberStore(tables, lambda: IDENTITY_SECRET)


def _create(dynamodb: Any, name: str, attributes: dict[str, str], **more: Any) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in attributes.items()
        ],
        **more,
    )


def _schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
