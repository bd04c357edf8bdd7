"""The template obeys the rules of the house, and each rule notices when it is broken."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lint import house
from lint.rules import delivery, operation, permissions

ROOT = Path(__file__).parents[2]
Resources = dict[str, dict[str, Any]]

RULES = [
    delivery.EventSourceMappings(),
    delivery.Targets(),
    delivery.AsynchronousInvocations(),
    delivery.DeadLetterQueues(),
    permissions.Actions(),
    permissions.AnyResource(),
    permissions.ManagedPolicies(),
    operation.LogGroups(),
    operation.StateMachines(),
    operation.Tables(),
    operation.PhysicalNames(),
    operation.ResourceCount(),
]


@pytest.fixture
def resources(translated: Resources) -> Resources:
    """A copy that the test may break."""
    return copy.deepcopy(translated)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_the_template_obeys(rule: house.HouseRule, resources: Resources) -> None:
    assert list(rule.violations(resources)) == []


def _properties(resources: Resources, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = resources[name]["Properties"]
    return properties


def _statement(resources: Resources, role: str = "ApiRole") -> dict[str, Any]:
    policy = _properties(resources, role)["Policies"][0]["PolicyDocument"]
    statement: dict[str, Any] = policy["Statement"][0]
    return statement


def _drop(name: str, key: str) -> Callable[[Resources], object]:
    return lambda resources: _properties(resources, name).pop(key)


def _set(name: str, key: str, value: object) -> Callable[[Resources], object]:
    return lambda resources: _properties(resources, name).update({key: value})


STREAM = "PublishEventsFunctionFacts"
BROKEN: list[tuple[house.HouseRule, Callable[[Resources], object], str, str]] = [
    (
        delivery.EventSourceMappings(),
        _drop(STREAM, "DestinationConfig"),
        STREAM,
        "has no place for records that failed",
    ),
    (
        delivery.EventSourceMappings(),
        _drop(STREAM, "MaximumRetryAttempts"),
        STREAM,
        "one poisoned record blocks it for a day: set MaximumRetryAttempts",
    ),
    (
        delivery.EventSourceMappings(),
        _set(STREAM, "MaximumRecordAgeInSeconds", 86_400),
        STREAM,
        "drops records unseen: set MaximumRecordAgeInSeconds to less than a day",
    ),
    (
        delivery.EventSourceMappings(),
        _set(STREAM, "BisectBatchOnFunctionError", False),
        STREAM,
        "does not bisect a failing batch",
    ),
    (
        delivery.EventSourceMappings(),
        _drop(STREAM, "FunctionResponseTypes"),
        STREAM,
        "reports no partial batch failures",
    ),
    (
        delivery.EventSourceMappings(),
        _drop("OrdersQueue", "RedrivePolicy"),
        "OrdersQueueWorkerFunctionOrders",
        "its queue has no dead-letter queue",
    ),
    (
        delivery.Targets(),
        lambda resources: _properties(resources, "OrdersRule")["Targets"][0].pop("RetryPolicy"),
        "OrdersRule",
        "has a target without RetryPolicy",
    ),
    (
        delivery.Targets(),
        lambda resources: _properties(resources, "DuePointsSchedule")["Target"].pop(
            "DeadLetterConfig"
        ),
        "DuePointsSchedule",
        "has a target without DeadLetterConfig",
    ),
    (
        delivery.AsynchronousInvocations(),
        _drop("StartJourneyFunctionEventInvokeConfig", "DestinationConfig"),
        "StartJourneyFunction",
        "is invoked asynchronously without retries and OnFailure",
    ),
    (
        delivery.DeadLetterQueues(),
        lambda resources: resources.pop("EventsDlqAlarm"),
        "EventsDlq",
        "is a dead-letter queue without an alarm on its messages",
    ),
    (
        delivery.DeadLetterQueues(),
        _drop("DueQueue", "RedrivePolicy"),
        "DueQueue",
        "has no RedrivePolicy and is no dead-letter queue by its name",
    ),
    (
        permissions.Actions(),
        lambda resources: _statement(resources).update({"Action": ["dynamodb:*"]}),
        "ApiRole",
        "has the wildcard action dynamodb:*",
    ),
    (
        permissions.Actions(),
        lambda resources: _statement(resources).update({"NotAction": "iam:PassRole"}),
        "ApiRole",
        "grants by exclusion",
    ),
    (
        permissions.AnyResource(),
        lambda resources: _statement(resources).update(
            {"Action": "dynamodb:GetItem", "Resource": "*"}
        ),
        "ApiRole",
        "allows dynamodb:GetItem on every resource",
    ),
    (
        permissions.AnyResource(),
        lambda resources: _properties(resources, "SmsPolicy")["PolicyDocument"]["Statement"].pop(),
        "SmsPolicy",
        "allows sns:Publish on every resource",
    ),
    (
        permissions.ManagedPolicies(),
        _set("ApiRole", "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "ApiRole",
        "takes the managed policy arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    (
        operation.LogGroups(),
        _drop("ApiLogs", "RetentionInDays"),
        "ApiLogs",
        "keeps its logs for ever",
    ),
    (
        operation.LogGroups(),
        _drop("OrdersApiFunction", "LoggingConfig"),
        "OrdersApiFunction",
        "logs into no log group of the template",
    ),
    (
        operation.StateMachines(),
        _drop("EliteJourneyStateMachine", "LoggingConfiguration"),
        "EliteJourneyStateMachine",
        "does not log",
    ),
    (
        operation.StateMachines(),
        _drop("EliteJourneyStateMachine", "TracingConfiguration"),
        "EliteJourneyStateMachine",
        "is not traced",
    ),
    (
        operation.StateMachines(),
        lambda resources: _properties(resources, "EliteJourneyStateMachine")[
            "LoggingConfiguration"
        ].update({"IncludeExecutionData": True}),
        "EliteJourneyStateMachine",
        "logs execution data",
    ),
    (
        operation.Tables(),
        _drop("MembersTable", "PointInTimeRecoverySpecification"),
        "MembersTable",
        "has no point-in-time recovery",
    ),
    (
        operation.Tables(),
        _drop("MembersTable", "SSESpecification"),
        "MembersTable",
        "is not encrypted with a key of KMS",
    ),
    (
        operation.Tables(),
        lambda resources: resources["MembersTable"].pop("DeletionPolicy"),
        "MembersTable",
        "has no DeletionPolicy",
    ),
    (
        operation.PhysicalNames(),
        _set("OrdersQueue", "QueueName", "orders"),
        "OrdersQueue",
        "has a physical name (QueueName)",
    ),
    (
        operation.ResourceCount(),
        lambda resources: resources.update(
            {
                f"Extra{number}": {"Type": "AWS::SNS::Topic"}
                for number in range(400 - len(resources))
            }
        ),
        "Resources",
        "400 resources; move a context to a nested stack",
    ),
]


@pytest.mark.parametrize(
    ("rule", "damage", "name", "fault"), BROKEN, ids=[f"{case[2]}: {case[3]}" for case in BROKEN]
)
def test_a_broken_template_is_reported(
    rule: house.HouseRule,
    damage: Callable[[Resources], object],
    name: str,
    fault: str,
    resources: Resources,
) -> None:
    damage(resources)

    assert (name, fault) in list(rule.violations(resources))


def test_every_rule_is_broken_once() -> None:
    assert {type(rule) for rule, *_ in BROKEN} == {type(rule) for rule in RULES}


def test_cfn_lint_runs_the_rules_and_fails(tmp_path: Path) -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "template.yaml"
    broken.write_text(template.replace("events:PutEvents", '"events:*"', 1))

    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--template", broken],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )

    assert done.returncode != 0
    assert "E9011 StreamsRole: has the wildcard action events:*" in done.stdout
