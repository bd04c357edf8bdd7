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
from tests.support.dynamodb import create_tables

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
    names = create_tables(dynamodb)
    return bind(aws, members_table=names["MEMBERS_TABLE"], program_table=names["PROGRAM_TABLE"])


@pytest.fixture
def store(tables: Tables) -> DynamoMemberStore:
    return DynamoMemberStore(tables, lambda: IDENTITY_SECRET)
