"""Least privilege: single actions on named resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lint import house
from lint.house import Resources, as_list, of_type

# Actions that know no resources. A new one needs a reason in a review, not only a line here.
RESOURCELESS = frozenset(
    {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
# It reaches phone numbers, which are no resources, and topics, which are: a policy that denies all
# topics may allow it on the rest.
SMS = "sns:Publish"
# AWS's own policies, wide as they are: only where a service demands it.
MANAGED_BY_AWS = frozenset({"AmazonAPIGatewayPushToCloudWatchLogs"})
_POLICIES = (
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
)


def statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every policy statement with the logical id of the resource that holds it."""
    for name, policy in of_type(resources, *_POLICIES):
        for statement in as_list(policy["PolicyDocument"]["Statement"]):
            yield name, statement
    for name, role in of_type(resources, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in as_list(policy["PolicyDocument"]["Statement"]):
                yield name, statement


class Actions(house.HouseRule):
    id = "E9011"
    shortdesc = "No wildcard in an action, and no policy by exclusion"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, statement in statements(resources):
            if "NotAction" in statement or "NotResource" in statement:
                yield name, "grants by exclusion"
            for action in as_list(statement.get("Action", [])):
                if "*" in action or "?" in action:
                    yield name, f"has the wildcard action {action}"


class AnyResource(house.HouseRule):
    id = "E9012"
    shortdesc = 'Resource "*" only for actions that know no resources'

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        texts_only = {
            name for name, statement in statements(resources) if _denies_topics(statement)
        }
        for name, statement in statements(resources):
            if statement["Effect"] == "Allow" and "*" in as_list(statement.get("Resource", [])):
                for action in as_list(statement.get("Action", [])):
                    is_sms = action == SMS and name in texts_only
                    if action not in RESOURCELESS and not is_sms:
                        yield name, f"allows {action} on every resource"


def _denies_topics(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and SMS in as_list(statement.get("Action", []))
        and {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"} in as_list(statement["Resource"])
    )


class ManagedPolicies(house.HouseRule):
    id = "E9013"
    shortdesc = "AWS's own managed policies only from a reviewed list"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, role in of_type(resources, "AWS::IAM::Role"):
            for policy in role.get("ManagedPolicyArns", []):
                if "Ref" in policy:
                    continue
                arn = policy.get("Fn::Sub", "") if isinstance(policy, dict) else policy
                if arn.rpartition("/")[2] not in MANAGED_BY_AWS:
                    yield name, f"takes the managed policy {arn}"
