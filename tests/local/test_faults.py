"""Faults on order: calls refused before, or answers lost after, they took effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.ministack import Cloud


@pytest.fixture
def table(cloud: Cloud, unique: str) -> Iterator[str]:
    cloud.client("dynamodb").create_table(
        TableName=unique,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    yield unique
    cloud.delete("/_local/faults")


def order(cloud: Cloud, kind: str, **rule: Any) -> None:
    transaction = {"service": "dynamodb", "operation": "TransactWriteItems"}
    cloud.post("/_local/faults", {**transaction, "kind": kind, **rule})


def transact(cloud: Cloud, table: str, *keys: str) -> None:
    puts = [{"Put": {"TableName": table, "Item": {"pk": {"S": key}}}} for key in keys]
    cloud.client("dynamodb").transact_write_items(TransactItems=puts)


def count(cloud: Cloud, table: str) -> int:
    return int(cloud.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"])


def test_a_conflict_cancels_every_action_before_it_took_effect(cloud: Cloud, table: str) -> None:
    order(cloud, "conflict", count=1)
    with pytest.raises(ClientError) as refused:
        transact(cloud, table, "a", "b")
    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert codes == ["TransactionConflict", "TransactionConflict"]
    assert count(cloud, table) == 0
    transact(cloud, table, "a", "b")
    assert count(cloud, table) == 2


def test_a_lost_response_took_effect(cloud: Cloud, table: str) -> None:
    order(cloud, "lost_response", count=2)
    with pytest.raises(ClientError) as lost:
        transact(cloud, table, "a")
    assert lost.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert count(cloud, table) == 1


def test_a_share_hits_the_same_calls_for_the_same_seed(cloud: Cloud, table: str) -> None:
    def outcomes() -> list[bool]:
        cloud.delete("/_local/faults")
        order(cloud, "conflict", share=0.5, seed=7)
        result = []
        for _ in range(12):
            try:
                transact(cloud, table, "a")
                result.append(True)
            except ClientError:
                result.append(False)
        return result

    first = outcomes()
    assert True in first
    assert False in first
    assert outcomes() == first


@pytest.mark.parametrize(
    ("kind", "error"), [("error", "InjectedFault"), ("lost_response", "InjectedFault")]
)
def test_a_lambda_can_be_made_to_fail(cloud: Cloud, table: str, kind: str, error: str) -> None:
    source = "import sys\ndef handler(event, context): return 'done'"
    cloud.create_function(table, source)
    rule = {"service": "lambda", "operation": "Invoke", "resource": table, "kind": kind}
    cloud.post("/_local/faults", rule)
    assert cloud.invoke(table)["errorType"] == error
    assert cloud.invoke(table) == "done"
