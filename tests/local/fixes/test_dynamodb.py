"""DynamoDB: the template's time to live, on the program clock and seen in the stream."""

from __future__ import annotations

import json

from tests.support.ministack import Cloud

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
