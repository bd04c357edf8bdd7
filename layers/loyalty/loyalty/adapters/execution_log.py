"""What Step Functions tells of executions, found by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from loyalty.services.console_ports import Execution, ExecutionStep

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws

_UNKNOWN: Final = frozenset({"ExecutionDoesNotExist", "InvalidArn", "InvalidName"})
_CAUSE_SHOWN: Final = 600
# Of the many kinds of events of a history, operators read these: what was entered, what failed.
_ENTERED: Final = "StateEntered"
_ENDS: Final = {
    "ExecutionStarted": "started",
    "ExecutionSucceeded": "succeeded",
    "ExecutionAborted": "aborted",
    "ExecutionTimedOut": "timed out",
    "ExecutionRedriven": "redriven",
}


class StepFunctionsExecutionLog:
    """Implements `loyalty.services.console_ports.ExecutionLog`.

    Parameters
    ----------
    aws : Aws
        Gives the client.
    machine_arns : mapping
        State machine ARNs by the machine's name.
    in_aws : bool
        Whether the AWS console shows the executions.
    """

    def __init__(self, aws: Aws, machine_arns: Mapping[str, str], *, in_aws: bool) -> None:
        self._aws = aws
        self._machine_arns = machine_arns
        self._in_aws = in_aws

    def execution(self, machine: str, name: str) -> Execution | None:
        arn = self._arn(machine, name)
        if arn is None:
            return None
        try:
            found = self._aws.client("stepfunctions").describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _UNKNOWN:
                raise
            return None
        return Execution(
            machine=machine,
            name=name,
            status=found["status"],
            started_at=found["startDate"],
            stopped_at=found.get("stopDate"),
            error=found.get("error"),
            cause=_short(found.get("cause")),
            address=_address(arn) if self._in_aws else None,
        )

    def steps(self, machine: str, name: str, *, limit: int) -> Sequence[ExecutionStep]:
        arn = self._arn(machine, name)
        if arn is None:
            return ()
        try:
            history = self._aws.client("stepfunctions").get_execution_history(
                executionArn=arn, reverseOrder=True, maxResults=limit, includeExecutionData=False
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _UNKNOWN:
                raise
            return ()
        return tuple(_steps(history["events"]))

    def _arn(self, machine: str, name: str) -> str | None:
        machine_arn = self._machine_arns.get(machine)
        if machine_arn is None:
            return None
        return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def _address(arn: str) -> str:
    region = arn.split(":")[3]
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}"
        f"#/v2/executions/details/{arn}"
    )


def _steps(events: Iterable[Mapping[str, Any]]) -> Iterator[ExecutionStep]:
    for event in events:
        kind, at = event["type"], event["timestamp"]
        if kind.endswith(_ENTERED):
            yield ExecutionStep(at, "entered", event["stateEnteredEventDetails"]["name"])
        elif kind in _ENDS:
            yield ExecutionStep(at, _ENDS[kind], None)
        elif kind.endswith(("Failed", "TimedOut")):
            details = (value for name, value in event.items() if name.endswith("Details"))
            said: Mapping[str, str] = next(details, {})
            yield ExecutionStep(at, "failed", None, said.get("error"), _short(said.get("cause")))


def _short(text: str | None) -> str | None:
    return text and text[:_CAUSE_SHOWN]
