"""Starting, nesting, timing out and surviving of executions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.ministack import wait_until
from tests.support.stepped_cloud import SteppedCloud, lambda_task, token_task

ACCEPTS_TOKENS = "def handler(event, context): return 'kept'"
FAILS = "def handler(event, context): raise ValueError('wrong')"
WAIT_A_DAY = {"Waiting": {"Type": "Wait", "Seconds": 86_400, "End": True}}


def test_a_machine_times_out(stepped_cloud: SteppedCloud, unique: str) -> None:
    machine = stepped_cloud.create_machine(unique, WAIT_A_DAY, TimeoutSeconds=3_600)
    execution = stepped_cloud.start_execution(machine, unique, {})
    stepped_cloud.advance(days=2)

    described = stepped_cloud.describe(execution)

    assert described["status"] == "TIMED_OUT"
    assert described["stopDate"].timestamp() - described["startDate"].timestamp() == 3_600
    assert stepped_cloud.history(execution)[-1]["type"] == "ExecutionTimedOut"


def test_a_repeated_start_of_a_running_name_is_answered_as_the_first(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    machine = stepped_cloud.create_machine(unique, WAIT_A_DAY)

    first = stepped_cloud.start_execution(machine, "customer-1", {"n": 1})

    assert stepped_cloud.start_execution(machine, "customer-1", {"n": 1}) == first


@pytest.mark.parametrize(("data", "days"), [({"n": 2}, 0), ({"n": 1}, 2)])
def test_a_name_with_other_input_or_an_ended_one_exists_already(
    stepped_cloud: SteppedCloud, unique: str, data: dict[str, int], days: int
) -> None:
    machine = stepped_cloud.create_machine(unique, WAIT_A_DAY)
    stepped_cloud.start_execution(machine, "customer-1", {"n": 1})
    stepped_cloud.advance(days=days)

    with pytest.raises(ClientError) as refusal:
        stepped_cloud.start_execution(machine, "customer-1", data)

    assert refusal.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_a_parent_waits_for_its_child(stepped_cloud: SteppedCloud, unique: str) -> None:
    child = stepped_cloud.create_machine(
        f"{unique}-child",
        {
            "Waiting": {"Type": "Wait", "Seconds": 86_400, "Next": "Done"},
            "Done": {"Type": "Succeed", "Output": {"n": "{% $states.input.n + 1 %}"}},
        },
    )
    states = {
        "Child": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": child, "Input": {"n": 1}, "Name": "the-child"},
            "Output": "{% $states.result.Output %}",
            "End": True,
        }
    }
    machine = stepped_cloud.create_machine(unique, states)
    execution = stepped_cloud.start_execution(machine, unique, {})

    stepped_cloud.advance(days=1)

    assert stepped_cloud.describe(execution)["output"] == {"n": 2}


def test_an_express_child_answers_with_its_status(stepped_cloud: SteppedCloud, unique: str) -> None:
    stepped_cloud.create_function(unique, FAILS)
    child = stepped_cloud.create_machine(f"{unique}-child", {"Call": lambda_task(unique, End=True)})
    states = {
        "Evaluate": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:startSyncExecution",
            "Arguments": {"StateMachineArn": child, "Input": "{% $string($states.input) %}"},
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $states.input.Status = 'FAILED' %}",
                    "Output": "{% $states.input.Error %}",
                    "Next": "Done",
                }
            ],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }

    assert stepped_cloud.run(unique, states, {})["output"] == "ValueError"


def test_starting_a_name_that_exists_can_be_caught(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    child = stepped_cloud.create_machine(f"{unique}-child", {"Done": {"Type": "Succeed"}})
    stepped_cloud.start_execution(child, "only-once", {})
    stepped_cloud.settle()
    states = {
        "Start": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
            "Arguments": {"StateMachineArn": child, "Name": "only-once", "Input": "{}"},
            "Catch": [
                {
                    "ErrorEquals": ["Sfn.ExecutionAlreadyExistsException"],
                    "Output": "there",
                    "Next": "Done",
                }
            ],
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    }

    assert stepped_cloud.run(unique, states)["output"] == "there"


def test_executions_go_on_after_a_kill(tmp_path: Path, unique: str) -> None:
    cloud = SteppedCloud(tmp_path)
    with cloud:
        cloud.set_clock()
        cloud.create_function(unique, ACCEPTS_TOKENS)
        ask = token_task(unique, TimeoutSeconds=86_400, Next="Done")
        asking = cloud.create_machine(
            unique,
            {
                "Remember": {"Type": "Pass", "Assign": {"who": "Ann"}, "Next": "Ask"},
                "Ask": {
                    **ask,
                    "Catch": [
                        {"ErrorEquals": ["States.Timeout"], "Output": "silent", "Next": "Done"}
                    ],
                },
                "Done": {
                    "Type": "Succeed",
                    "Output": "{% $who & ': ' & $states.input %}",
                },
            },
        )
        pausing = cloud.create_machine(f"{unique}-wait", WAIT_A_DAY)
        answered = cloud.start_execution(asking, "answered", {})
        silent = cloud.start_execution(asking, "silent", {})
        waiting = cloud.start_execution(pausing, "waiting", {})
        cloud.advance(seconds=60)
        token = cloud.token(answered)
        cloud.advance(seconds=3_540)
        snapshot = tmp_path / "emulator" / "state.json"
        wait_until(lambda: snapshot.exists() and _clock_of(snapshot) == cloud.now())

        cloud.kill()
        cloud.start()

        assert cloud.now() == "2017-01-01T01:00:00.000Z"
        cloud.client("stepfunctions").send_task_success(taskToken=token, output='"yes"')
        cloud.advance(days=2)
        assert cloud.describe(answered)["output"] == "Ann: yes"
        assert cloud.describe(silent)["output"] == "Ann: silent"
        assert cloud.entered(silent)[-1] == ("Done", "2017-01-02T00:00:00.000Z")
        stopped = cloud.describe(waiting)["stopDate"].timestamp()
        assert stopped == cloud.describe(waiting)["startDate"].timestamp() + 86_400


def _clock_of(snapshot: Path) -> str:
    from local.clock import iso

    return iso(json.loads(snapshot.read_text())["parts"]["clock"]["now"])
