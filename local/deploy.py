"""Deploy a packaged template as a CloudFormation stack and find out what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local import package
from local.workspace import REGION

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_POLL_SECONDS = 0.1
# A create that did not end well leaves a stack that can only be deleted.
_BROKEN_CREATE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


class DeployError(Exception):
    """The stack could not be deployed; the message names each resource that failed, and why."""


@dataclass(frozen=True)
class RestApi:
    """Where the emulator serves the deployed REST API."""

    api_id: str
    stage: str


@dataclass(frozen=True)
class Resource:
    """One resource of a stack."""

    logical_id: str
    resource_type: str
    physical_id: str


@dataclass(frozen=True)
class Deployment:
    """What stands after a deploy.

    Parameters
    ----------
    outputs
        The stack's outputs.
    resources
        Everything in the stack.
    changed
        Whether anything had to be created or updated.
    """

    outputs: Mapping[str, str]
    resources: Sequence[Resource]
    changed: bool

    def of_type(self, resource_type: str) -> list[Resource]:
        """The stack's resources of one CloudFormation type."""
        return [found for found in self.resources if found.resource_type == resource_type]

    @property
    def rest_api(self) -> RestApi | None:
        """The stack's REST API, if it has one."""
        apis = self.of_type("AWS::ApiGateway::RestApi")
        stages = self.of_type("AWS::ApiGateway::Stage")
        return RestApi(apis[0].physical_id, stages[0].physical_id) if apis and stages else None


class Cloud:
    """Clients of one emulator."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: Any = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )

    def client(self, service: str) -> Any:
        return self._session.client(
            service,
            endpoint_url=self._url,
            config=Config(
                read_timeout=120, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}
            ),
        )


def deploy(
    cloud: Cloud,
    template_file: Path,
    stack_name: str,
    parameters: Mapping[str, str],
    timeout_seconds: float = 120.0,
) -> Deployment:
    """Create the stack, or update it to the template as it is now.

    Parameters
    ----------
    parameters
        Values for the template's parameters; those that it does not declare are left out.

    Raises
    ------
    PackagingError
        The template or a file that it names cannot be read.
    DeployError
        CloudFormation refused the template or a resource, or took longer than the timeout.
    """
    bucket = f"{stack_name}-artifacts"
    built = package.build(template_file, bucket)
    s3 = cloud.client("s3")
    package.upload(built, s3, bucket)
    body = json.dumps(built.template, indent=1).encode()
    s3.put_object(Bucket=bucket, Key="template.json", Body=body)
    stack = _Stack(cloud.client("cloudformation"), stack_name)
    declared = built.template.get("Parameters", {})
    try:
        changed = stack.apply(
            template_url=f"{s3.meta.endpoint_url}/{bucket}/template.json",
            parameters={name: value for name, value in parameters.items() if name in declared},
            deadline=time.monotonic() + timeout_seconds,
        )
        return Deployment(stack.outputs(), stack.resources(), changed)
    except ClientError as error:
        raise DeployError(error.response["Error"]["Message"]) from error


def describe(cloud: Cloud, stack_name: str) -> Deployment | None:
    """What stands now, without deploying anything; None if there is no such stack."""
    stack = _Stack(cloud.client("cloudformation"), stack_name)
    if stack.status() is None:
        return None
    return Deployment(stack.outputs(), stack.resources(), changed=False)


class _Stack:
    def __init__(self, cloudformation: Any, name: str) -> None:
        self._cloudformation = cloudformation
        self._name = name

    def apply(self, template_url: str, parameters: Mapping[str, str], deadline: float) -> bool:
        """Create or update and wait; answers whether there was anything to do."""
        status = self.status()
        if status in _BROKEN_CREATE:
            self._cloudformation.delete_stack(StackName=self._name)
            self._wait(deadline)
            status = None
        request = {
            "StackName": self._name,
            "TemplateURL": template_url,
            "Capabilities": _CAPABILITIES,
            # What a failed operation has just created holds nothing yet that is worth keeping.
            "RetainExceptOnCreate": True,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        }
        if status is None:
            started_events = 0
            self._cloudformation.create_stack(**request)
        else:
            started_events = len(self._events())
            try:
                self._cloudformation.update_stack(**request)
            except ClientError as error:
                if "No updates are to be performed" in str(error):
                    return False
                raise
        status = self._wait(deadline)
        if status not in _DEPLOYED:
            raise DeployError(self._failure(status, self._events()[started_events:]))
        return True

    def outputs(self) -> dict[str, str]:
        outputs = self._describe().get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def resources(self) -> list[Resource]:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=self._name
        )
        return [
            Resource(
                summary["LogicalResourceId"],
                summary["ResourceType"],
                summary["PhysicalResourceId"],
            )
            for page in pages
            for summary in page["StackResourceSummaries"]
        ]

    def _describe(self) -> dict[str, Any]:
        stacks = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        description: dict[str, Any] = stacks[0]
        return description

    def status(self) -> str | None:
        try:
            status: str = self._describe()["StackStatus"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if status == "DELETE_COMPLETE" else status

    def _wait(self, deadline: float) -> str:
        while (status := self.status() or "DELETE_COMPLETE").endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise DeployError(f"stack {self._name} is still {status}")
            # A stack tells nobody when it is done; boto's waiters, one per kind of change, ask too.
            time.sleep(_POLL_SECONDS)
        return status

    def _events(self) -> list[dict[str, Any]]:
        """All events of the stack, oldest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(
            StackName=self._name
        )
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _failure(self, status: str, events: list[dict[str, Any]]) -> str:
        reasons = [
            f"  {event['LogicalResourceId']} ({event['ResourceType']}): "
            f"{event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return "\n".join([f"stack {self._name} ended {status}", *reasons])
