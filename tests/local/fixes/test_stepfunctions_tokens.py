"""Waiting for an answer: time-outs, heartbeats, late and early answers, failing Lambdas."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.stepped_cloud import SteppedCloud, token_task

ACCEPTS_TOKENS = "def handler(event, context): return 'kept'"

REFUSES_TOKENS = """
class StoreClosed(Exception):
    pass

def handler(event, context):
    raise StoreClosed("no room for " + event["token"][:4])
"""

ANSWERS_ITSELF = """
import boto3

def handler(event, context):
    boto3.client("stepfunctions").send_task_success(
        taskToken=event["token"], output='{"answer": "at once"}'
    )
    raise RuntimeError("after the answer")
"""

WEEK_SECONDS = 7 * 86_400


@pytest.fixture
def keeper(stepped_cloud: SteppedCloud, unique: str) -> str:
    stepped_cloud.create_function(unique, ACCEPTS_TOKENS)
    return unique


def waiting(cloud: SteppedCloud, function: str, **fields: Any) -> str:
    """Start an execution that waits for an answer in its first state."""
    states = {
        "Ask": token_task(
            function,
            **{"TimeoutSeconds": WEEK_SECONDS, "Next": "Answered", **fields},
            Catch=[
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": "{% $states.errorOutput.Error %}",
                    "Next": "Caught",
                }
            ],
        ),
        "Answered": {"Type": "Succeed"},
        "Caught": {"Type": "Succeed"},
    }
    execution = cloud.start_execution(cloud.create_machine(function, states), function, {})
    cloud.settle()
    return execution


def error_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_answer_ends_the_wait(stepped_cloud: SteppedCloud, keeper: str) -> None:
    execution = waiting(stepped_cloud, keeper)
    stepped_cloud.advance(days=3)

    stepped_cloud.client("stepfunctions").send_task_success(
        taskToken=stepped_cloud.token(execution), output='{"answer": "yes"}'
    )
    stepped_cloud.settle()

    assert stepped_cloud.describe(execution)["output"] == {"answer": "yes"}
    assert stepped_cloud.entered(execution)[-1] == ("Answered", "2017-01-04T00:00:00.000Z")


def test_a_refusal_fails_the_task_with_its_error(stepped_cloud: SteppedCloud, keeper: str) -> None:
    execution = waiting(stepped_cloud, keeper)

    stepped_cloud.client("stepfunctions").send_task_failure(
        taskToken=stepped_cloud.token(execution), error="Declined", cause="no time"
    )
    stepped_cloud.settle()

    assert stepped_cloud.describe(execution)["output"] == "Declined"


@pytest.mark.parametrize("timeout", [WEEK_SECONDS, f"{{% {WEEK_SECONDS} * 1 %}}"])
def test_silence_times_out_at_the_very_second(
    stepped_cloud: SteppedCloud, keeper: str, timeout: Any
) -> None:
    execution = waiting(stepped_cloud, keeper, TimeoutSeconds=timeout)

    stepped_cloud.advance(seconds=WEEK_SECONDS - 1)
    assert stepped_cloud.describe(execution)["status"] == "RUNNING"
    stepped_cloud.advance(seconds=1)

    assert stepped_cloud.describe(execution)["output"] == "States.Timeout"
    assert stepped_cloud.entered(execution)[-1] == ("Caught", "2017-01-08T00:00:00.000Z")


def test_an_answer_a_moment_before_the_time_out_holds(
    stepped_cloud: SteppedCloud, keeper: str
) -> None:
    execution = waiting(stepped_cloud, keeper)
    stepped_cloud.advance(seconds=WEEK_SECONDS - 0.001)

    stepped_cloud.client("stepfunctions").send_task_success(
        taskToken=stepped_cloud.token(execution), output='"just in time"'
    )
    stepped_cloud.advance(days=1)

    assert stepped_cloud.describe(execution)["output"] == "just in time"


def test_an_answer_after_the_time_out_is_told_so(stepped_cloud: SteppedCloud, keeper: str) -> None:
    execution = waiting(stepped_cloud, keeper)
    stepped_cloud.advance(seconds=WEEK_SECONDS)

    with pytest.raises(ClientError) as refusal:
        stepped_cloud.client("stepfunctions").send_task_success(
            taskToken=stepped_cloud.token(execution), output="{}"
        )

    assert error_code(refusal) == "TaskTimedOut"


def test_a_second_answer_is_told_that_the_task_is_closed(
    stepped_cloud: SteppedCloud, keeper: str
) -> None:
    execution = waiting(stepped_cloud, keeper)
    answer = {"taskToken": stepped_cloud.token(execution), "output": "{}"}
    stepped_cloud.client("stepfunctions").send_task_success(**answer)

    with pytest.raises(ClientError) as refusal:
        stepped_cloud.client("stepfunctions").send_task_success(**answer)

    assert error_code(refusal) == "TaskTimedOut"


def test_an_invented_token_is_invalid(stepped_cloud: SteppedCloud) -> None:
    with pytest.raises(ClientError) as refusal:
        stepped_cloud.client("stepfunctions").send_task_success(taskToken="mine", output="{}")

    assert error_code(refusal) == "InvalidToken"


def test_a_lambda_that_raises_fails_the_state(stepped_cloud: SteppedCloud, unique: str) -> None:
    stepped_cloud.create_function(unique, REFUSES_TOKENS)

    execution = waiting(stepped_cloud, unique)

    assert stepped_cloud.describe(execution)["output"] == "StoreClosed"


def test_an_answer_before_the_lambda_ends_holds(stepped_cloud: SteppedCloud, unique: str) -> None:
    stepped_cloud.create_function(unique, ANSWERS_ITSELF)

    execution = waiting(stepped_cloud, unique)

    assert stepped_cloud.describe(execution)["output"] == {"answer": "at once"}


def test_heartbeats_keep_a_task_alive(stepped_cloud: SteppedCloud, keeper: str) -> None:
    execution = waiting(stepped_cloud, keeper, HeartbeatSeconds="{% 60 * 60 %}")
    token = stepped_cloud.token(execution)
    for _ in range(3):
        stepped_cloud.advance(seconds=3_000)
        stepped_cloud.client("stepfunctions").send_task_heartbeat(taskToken=token)
    assert stepped_cloud.describe(execution)["status"] == "RUNNING"

    stepped_cloud.advance(seconds=3_600)

    assert stepped_cloud.describe(execution)["output"] == "States.HeartbeatTimeout"
    assert stepped_cloud.entered(execution)[-1] == ("Caught", "2017-01-01T03:30:00.000Z")


def test_a_stopped_execution_takes_no_answer(stepped_cloud: SteppedCloud, keeper: str) -> None:
    execution = waiting(stepped_cloud, keeper)
    sfn = stepped_cloud.client("stepfunctions")
    sfn.stop_execution(executionArn=execution)

    with pytest.raises(ClientError) as refusal:
        sfn.send_task_success(taskToken=stepped_cloud.token(execution), output="{}")
    stepped_cloud.advance(days=8)

    assert error_code(refusal) == "TaskTimedOut"
    assert stepped_cloud.describe(execution)["status"] == "ABORTED"


def test_answers_at_the_very_time_out_hold_or_are_refused(
    stepped_cloud: SteppedCloud, keeper: str
) -> None:
    states = {
        "Ask": token_task(
            keeper,
            TimeoutSeconds=60,
            Catch=[{"ErrorEquals": ["States.Timeout"], "Output": "silent", "Next": "Done"}],
            Next="Done",
        ),
        "Done": {"Type": "Succeed"},
    }
    machine = stepped_cloud.create_machine(keeper, states)
    executions = [
        stepped_cloud.start_execution(machine, f"customer-{number}", {}) for number in range(40)
    ]
    stepped_cloud.settle()
    tokens = [stepped_cloud.token(execution) for execution in executions]
    sfn = stepped_cloud.client("stepfunctions")

    def answer(token: str) -> str:
        try:
            sfn.send_task_success(taskToken=token, output='"answered"')
        except sfn.exceptions.TaskTimedOut:
            return "silent"
        return "answered"

    with ThreadPoolExecutor(9) as pool:
        advanced = pool.submit(stepped_cloud.advance, seconds=60)
        told = list(pool.map(answer, tokens))
        advanced.result()
    stepped_cloud.settle()

    assert [stepped_cloud.describe(execution)["output"] for execution in executions] == told
