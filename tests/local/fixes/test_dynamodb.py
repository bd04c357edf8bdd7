"""DynamoDB: time to live as in the template and on the program clock, and no lost updates."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.clock import epoch
from tests.support.ministack import ROLE_ARN, Cloud, wait_until
from tests.support.stepped_cloud import DAY_SECONDS, SteppedCloud

_POLL_SECONDS = 0.05


def _template(enabled: bool) -> str:
    return json.dumps(
        {
            "Resources": {
                "Table": {
                    "Type": "AWS::DynamoDB::Table",
                    "Properties": {
                        "BillingMode": "PAY_PER_REQUEST",
                        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                        "TimeToLiveSpecification": {
                            "AttributeName": "expires_at",
                            "Enabled": enabled,
                        },
                    },
                }
            },
            "Outputs": {"Table": {"Value": {"Ref": "Table"}}},
        }
    )


def test_time_to_live_of_a_template_is_switched_on_and_off(cloud: Cloud, unique: str) -> None:
    cloudformation, dynamodb = cloud.client("cloudformation"), cloud.client("dynamodb")

    def status() -> str:
        stack = cloudformation.describe_stacks(StackName=unique)["Stacks"][0]
        table = stack["Outputs"][0]["OutputValue"]
        answer = dynamodb.describe_time_to_live(TableName=table)
        return str(answer["TimeToLiveDescription"]["TimeToLiveStatus"])

    cloudformation.create_stack(StackName=unique, TemplateBody=_template(enabled=True))
    waiter = {"Delay": _POLL_SECONDS, "MaxAttempts": 200}
    cloudformation.get_waiter("stack_create_complete").wait(StackName=unique, WaiterConfig=waiter)
    assert status() == "ENABLED"
    cloudformation.update_stack(StackName=unique, TemplateBody=_template(enabled=False))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=unique, WaiterConfig=waiter)
    assert status() == "DISABLED"


def test_an_item_expires_by_the_programs_time_and_leaves_a_stream_record(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    dynamodb = stepped_cloud.client("dynamodb")
    streams = stepped_cloud.client("dynamodbstreams")
    stream_arn = dynamodb.create_table(
        TableName=unique,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName=unique, TimeToLiveSpecification=expiry)
    now = epoch(stepped_cloud.now())
    for key, seconds in (("an-hour", 3600), ("a-week", 7 * DAY_SECONDS)):
        expires_at = {"N": str(int(now + seconds))}
        dynamodb.put_item(TableName=unique, Item={"pk": {"S": key}, "expires_at": expires_at})
    stepped_cloud.advance(days=2)
    assert [item["pk"]["S"] for item in dynamodb.scan(TableName=unique)["Items"]] == ["a-week"]
    shard = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"][0]
    iterator = streams.get_shard_iterator(
        StreamArn=stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    removed = streams.get_records(ShardIterator=iterator)["Records"][-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["dynamodb"]["OldImage"]["pk"] == {"S": "an-hour"}
    assert "userIdentity" in removed, "it was the service, not a user"


def test_updates_of_executions_and_clients_are_never_lost(cloud: Cloud, unique: str) -> None:
    dynamodb, states = cloud.client("dynamodb"), cloud.client("stepfunctions")
    dynamodb.create_table(
        TableName=unique,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    add: dict[str, Any] = {
        "TableName": unique,
        "Key": {"pk": {"S": "counter"}},
        "UpdateExpression": "ADD amount :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    item_state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Arguments": add,
        "End": True,
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "Items": "{% [1..50] %}",
                "ItemProcessor": {"StartAt": "Add", "States": {"Add": item_state}},
                "End": True,
            }
        },
    }
    machine = states.create_state_machine(
        name=unique, roleArn=ROLE_ARN, definition=json.dumps(definition)
    )["stateMachineArn"]
    executions = [
        states.start_execution(stateMachineArn=machine, name=f"{unique}-{n}")["executionArn"]
        for n in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: dynamodb.update_item(**add), range(100)))

    def all_succeeded() -> bool:
        answers = [states.describe_execution(executionArn=arn) for arn in executions]
        return all(answer["status"] == "SUCCEEDED" for answer in answers)

    wait_until(all_succeeded, seconds=30)
    item = dynamodb.get_item(TableName=unique, Key=add["Key"])["Item"]
    assert item["amount"] == {"N": "300"}
