"""What a deployed template's resources do that raw MiniStack leaves out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.ministack import Cloud, wait_until

PROBLEM = "application/problem+json"

ROUTES = """
def handler(event, context):
    if event["path"] == "/crash":
        raise ValueError("a secret in a stack")
    return {"statusCode": 200, "body": "fine"}
"""
AUTHORIZER = """
def handler(event, context):
    effect = "Allow" if event["headers"]["authorization"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "somebody", "policyDocument": policy}
"""


def function(source: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "InlineCode": source,
            **properties,
        },
    }


def route(path: str, **properties: Any) -> dict[str, Any]:
    api = {"RestApiId": {"Ref": "Api"}, "Path": path, "Method": "GET", **properties}
    return {"Type": "Api", "Properties": api}


def gateway_response(code: str) -> dict[str, Any]:
    return {
        "ResponseParameters": {"Headers": {"Content-Type": f"'{PROBLEM}'"}},
        "ResponseTemplates": {"application/json": json.dumps({"code": code})},
    }


TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Authorizer": function(AUTHORIZER),
        "Routes": function(
            ROUTES,
            Events={
                "Closed": route("/closed"),
                "Crash": route("/crash", Auth={"Authorizer": "NONE"}),
            },
        ),
        "Api": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "live",
                "Auth": {
                    "DefaultAuthorizer": "Token",
                    "Authorizers": {
                        "Token": {
                            "FunctionArn": {"Fn::GetAtt": ["Authorizer", "Arn"]},
                            "FunctionPayloadType": "REQUEST",
                            "Identity": {"Headers": ["Authorization"]},
                        }
                    },
                },
                "GatewayResponses": {
                    "UNAUTHORIZED": gateway_response("unauthorized"),
                    "ACCESS_DENIED": gateway_response("forbidden"),
                    "DEFAULT_4XX": gateway_response("refused"),
                    "DEFAULT_5XX": gateway_response("failed"),
                },
            },
        },
        "Buried": {"Type": "AWS::SQS::Queue"},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["loyalty"]},
                "Targets": [
                    {
                        "Id": "gone",
                        "Arn": {
                            "Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:no"
                        },
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Buried", "Arn"]}},
                    }
                ],
            },
        },
        "Sender": {
            "Type": "AWS::SES::EmailIdentity",
            "Properties": {"EmailIdentity": "elite@shop.example"},
        },
    },
    "Outputs": {"Api": {"Value": {"Ref": "Api"}}, "Buried": {"Value": {"Ref": "Buried"}}},
}


@pytest.fixture(scope="module")
def outputs(cloud: Cloud) -> Iterator[dict[str, str]]:
    cloudformation = cloud.client("cloudformation")
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    stack = {"StackName": "resources", "Capabilities": capabilities}
    cloudformation.create_stack(TemplateBody=json.dumps(TEMPLATE), **stack)
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="resources", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    described = cloudformation.describe_stacks(StackName="resources")["Stacks"][0]
    yield {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    cloudformation.delete_stack(StackName="resources")


@pytest.mark.parametrize(
    ("path", "token", "status", "code"),
    [
        ("/closed", None, 401, "unauthorized"),
        ("/closed", "bad", 403, "forbidden"),
        ("/nowhere", "good", 403, "refused"),
        ("/crash", None, 502, "failed"),
    ],
)
def test_the_gateways_own_answers_are_those_of_the_template(
    cloud: Cloud, outputs: dict[str, str], path: str, token: str | None, status: int, code: str
) -> None:
    url = f"{cloud.url}/_aws/execute-api/{outputs['Api']}/live{path}"
    headers = {"Authorization": token} if token else {}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers))
    with refused.value as answer:
        assert answer.status == status
        assert answer.headers["Content-Type"] == PROBLEM
        assert json.loads(answer.read()) == {"code": code}


def test_an_event_without_a_target_is_buried_with_the_reason(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    event = {"Source": "loyalty", "DetailType": "OrderAccepted", "Detail": '{"data": 1}'}
    cloud.client("events").put_events(Entries=[event])
    message = wait_until(
        lambda: (
            cloud.client("sqs")
            .receive_message(QueueUrl=outputs["Buried"], MessageAttributeNames=["All"])
            .get("Messages")
        )
    )[0]
    assert json.loads(message["Body"])["detail"] == {"data": 1}
    attributes = message["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert attributes["TARGET_ARN"]["StringValue"].endswith(":function:no")


def test_a_mail_keeps_its_unsubscribe_headers(cloud: Cloud, outputs: dict[str, str]) -> None:
    one_click = {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}
    cloud.client("sesv2").send_email(
        FromEmailAddress="elite@shop.example",
        Destination={"ToAddresses": ["anna@example.com"]},
        Content={
            "Simple": {
                "Subject": {"Data": "Welcome"},
                "Body": {"Text": {"Data": "Hello"}},
                "Headers": [one_click],
            }
        },
        EmailTags=[{"Name": "message_id", "Value": "m-1"}],
    )
    mail = cloud.get("/_local/mail?format=json&to=anna@example.com")["items"][0]
    assert mail["headers"] == {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
