"""Step Functions executions: start by name, wake by token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws

NO_LONGER_AWAITED = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctionsExecutions:
    """Implements `loyalty.services.ports.Executions`.

    Parameters
    ----------
    aws : Aws
        Gives the client.
    machine_arns : mapping
        State machine ARNs by the machine's name.
    """

    def __init__(self, aws: Aws, machine_arns: Mapping[str, str]) -> None:
        self._aws = aws
        self._machine_arns = machine_arns

    def start(self, machine: str, name: str, payload: Mapping[str, object]) -> None:
        try:
            self._aws.client("stepfunctions").start_execution(
                stateMachineArn=self._machine_arns[machine], name=name, input=json.dumps(payload)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise

    def wake(self, token: str) -> None:
        try:
            self._aws.client("stepfunctions").send_task_success(taskToken=token, output="{}")
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_LONGER_AWAITED:
                raise
