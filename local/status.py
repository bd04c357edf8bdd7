"""What a running cloud is doing: tables, executions, queues, and what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.deploy import Cloud, Deployment, Resource, describe
from local.workspace import STACK_NAME, Workspace

_ERRORS_SHOWN = 5
_EXECUTIONS_COUNTED = 5000


@dataclass(frozen=True)
class Status:
    """Counts by what people call things in the template.

    Parameters
    ----------
    items
        Items in each table.
    executions
        Executions of each state machine by their state.
    messages
        Messages waiting in each queue that has any.
    errors
        The newest errors in the functions' logs and in the launcher's, newest first.
    """

    items: dict[str, int]
    executions: dict[str, Counter[str]]
    messages: dict[str, int]
    errors: list[str]


def collect(workspace: Workspace) -> Status | None:
    """Look at everything once; None if the product is not deployed."""
    cloud = Cloud(workspace.url)
    deployment = describe(cloud, STACK_NAME)
    if deployment is None:
        return None
    return Status(
        items=_items(cloud, deployment),
        executions=_executions(cloud, deployment),
        messages=_messages(cloud, deployment),
        errors=[*_function_errors(cloud), *_launcher_errors(workspace.log_file)],
    )


def demo_outcome(workspace: Workspace) -> str | None:
    """Return the last line that the demo wrote, its result or what ended it; None without one."""
    log_file = workspace.demo_log_file
    lines = log_file.read_text(errors="replace").split("\n") if log_file.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), None)


def _items(cloud: Cloud, deployment: Deployment) -> dict[str, int]:
    client = cloud.client("dynamodb")
    return {
        table.logical_id: client.describe_table(TableName=table.physical_id)["Table"]["ItemCount"]
        for table in deployment.of_type("AWS::DynamoDB::Table")
    }


def _executions(cloud: Cloud, deployment: Deployment) -> dict[str, Counter[str]]:
    client = cloud.client("stepfunctions")
    return {
        machine.logical_id: _execution_states(client, machine)
        for machine in deployment.of_type("AWS::StepFunctions::StateMachine")
    }


def _execution_states(client: Any, machine: Resource) -> Counter[str]:
    """States of a machine's executions; Express ones are not kept and so not counted."""
    try:
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=machine.physical_id,
            PaginationConfig={"MaxItems": _EXECUTIONS_COUNTED},
        )
        return Counter(run["status"] for page in pages for run in page["executions"])
    except client.exceptions.StateMachineTypeNotSupported:
        return Counter()


def _messages(cloud: Cloud, deployment: Deployment) -> dict[str, int]:
    client = cloud.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    depths: dict[str, int] = {}
    for queue in deployment.of_type("AWS::SQS::Queue"):
        answer = client.get_queue_attributes(QueueUrl=queue.physical_id, AttributeNames=names)
        depths[queue.logical_id] = sum(int(answer["Attributes"][name]) for name in names)
    return depths


def _function_errors(cloud: Cloud) -> list[str]:
    client = cloud.client("logs")
    events: list[tuple[int, str]] = []
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            found = client.filter_log_events(logGroupName=name, filterPattern="ERROR")
            events += [
                (event["timestamp"], _readable(name, event["message"])) for event in found["events"]
            ]
    return [message for _, message in sorted(events, reverse=True)[:_ERRORS_SHOWN]]


def _is_error(line: str) -> bool:
    """The emulator's filter finds the word in any case; only a level in capitals counts."""
    return line.startswith("[ERROR]") or '"ERROR"' in line


def _readable(log_group: str, line: str) -> str:
    """One line for people: who, what, and the exception if the line tells."""
    name = log_group.rpartition("/")[2]
    try:
        entry = json.loads(line)
    except ValueError:
        return f"{name}: {line.strip().splitlines()[0]}"
    parts = [str(entry[key]) for key in ("message", "exception_name", "exception") if key in entry]
    who = entry.get("function_name", name)
    return f"{who}: {' / '.join(parts) or line.strip()}"


def _launcher_errors(log_file: Path) -> list[str]:
    if not log_file.exists():
        return []
    lines = log_file.read_text(errors="replace").splitlines()
    return [f"launcher: {line}" for line in lines if " ERROR " in line][-_ERRORS_SHOWN:][::-1]
