"""A laptop cloud whose clock stands still until a test moves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.clock import epoch, iso
from tests.support.ministack import ROLE_ARN, Cloud

START = "2017-01-01T00:00:00.000Z"
DAY_SECONDS = 86_400.0

Json = dict[str, Any]


class SteppedCloud(Cloud):
    """A cloud with a stepped clock, and what tests of state machines ask of it."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir, {"LOYALTY_SNAPSHOT_SECONDS": "0.2"})

    def set_clock(self, moment: str = START) -> None:
        """Set the clock to a moment, without letting anything happen on the way."""
        self.post("/_local/clock", {"mode": "stepped", "now": moment})

    def now(self) -> str:
        return str(self.get("/_local/clock")["now"])

    def advance(self, days: float = 0.0, seconds: float = 0.0) -> None:
        """Step on; returns when the clock is there and all is quiet."""
        moment = epoch(self.now()) + days * DAY_SECONDS + seconds
        self.post("/_local/clock", {"advance_to": iso(moment)})

    def settle(self) -> None:
        """Let everything happen that is due now."""
        self.advance()

    def create_machine(self, name: str, states: Json, **definition: Any) -> str:
        """Create a JSONata machine that starts at the first of its states; return its ARN."""
        content = {
            "QueryLanguage": "JSONata",
            "StartAt": next(iter(states)),
            "States": states,
            **definition,
        }
        machine = self.client("stepfunctions").create_state_machine(
            name=name, roleArn=ROLE_ARN, definition=json.dumps(content)
        )
        return str(machine["stateMachineArn"])

    def start_execution(self, machine_arn: str, name: str, data: Any = None) -> str:
        """Start an execution and return its ARN."""
        execution = self.client("stepfunctions").start_execution(
            stateMachineArn=machine_arn, name=name, input=json.dumps(data)
        )
        return str(execution["executionArn"])

    def run(self, name: str, states: Json, data: Any = None, **definition: Any) -> Json:
        """Run a new machine on an input until it waits or ends, and describe the execution."""
        machine = self.create_machine(name, states, **definition)
        execution = self.start_execution(machine, name, data)
        self.settle()
        return self.describe(execution)

    def describe(self, execution_arn: str) -> Json:
        """Describe an execution, with its output read."""
        execution = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        if "output" in execution:
            execution["output"] = json.loads(execution["output"])
        return dict(execution)

    def history(self, execution_arn: str) -> list[Json]:
        """Return all events of an execution."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return list(pages.paginate(executionArn=execution_arn).search("events"))

    def entered(self, execution_arn: str) -> list[tuple[str, str]]:
        """Return the states that an execution entered, each with the time."""
        return [
            (event["stateEnteredEventDetails"]["name"], iso(event["timestamp"].timestamp()))
            for event in self.history(execution_arn)
            if "stateEnteredEventDetails" in event
        ]

    def token(self, execution_arn: str) -> str:
        """Return the task token that an execution handed out last."""
        handed_out = [
            json.loads(event["taskScheduledEventDetails"]["parameters"])
            for event in self.history(execution_arn)
            if event["type"] == "TaskScheduled"
        ]
        return str(handed_out[-1]["Payload"]["token"])


def token_task(function: str, **fields: Any) -> Json:
    """Return a state that hands its token to a function and waits for the answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {
            "FunctionName": function,
            "Payload": {
                "token": "{% $states.context.Task.Token %}",
                "input": "{% $states.input %}",
            },
        },
        **fields,
    }


def lambda_task(function: str, **fields: Any) -> Json:
    """Return a state that invokes a function with the state's input."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        **fields,
    }
