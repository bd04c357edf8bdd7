"""Each type of state, and Retry and Catch, as AWS runs them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stepped_cloud import SteppedCloud, lambda_task

FAILS_AS_TOLD = """
class OutOfStock(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise OutOfStock("no more of it")
    return {"seen": event}
"""

FAILS_TWICE = """
calls = 0

def handler(event, context):
    global calls
    calls += 1
    if calls <= 2:
        raise ConnectionError("not yet")
    return calls
"""


@pytest.fixture
def shop(stepped_cloud: SteppedCloud, unique: str) -> str:
    stepped_cloud.create_function(unique, FAILS_AS_TOLD)
    return unique


def test_succeed_has_an_output(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {"Done": {"Type": "Succeed", "Output": {"double": "{% $states.input.n * 2 %}"}}}

    execution = stepped_cloud.run(unique, states, {"n": 21})

    assert execution["status"] == "SUCCEEDED"
    assert execution["output"] == {"double": 42}


def test_fail_names_error_and_cause_by_expression(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {
        "Refused": {
            "Type": "Fail",
            "Error": "{% 'Order' & $states.input.why %}",
            "Cause": "{% 'because of ' & $states.input.why %}",
        }
    }

    execution = stepped_cloud.run(unique, states, {"why": "Stock"})

    assert execution["status"] == "FAILED"
    assert (execution["error"], execution["cause"]) == ("OrderStock", "because of Stock")


def test_assignments_see_the_values_from_before_the_state(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    states = {
        "First": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
        "Swap": {
            "Type": "Pass",
            "Assign": {"a": "{% $b %}", "b": "{% $a %}"},
            "Output": "{% $a %}",
            "Next": "Done",
        },
        "Done": {"Type": "Succeed", "Output": {"a": "{% $a %}", "b": "{% $b %}"}},
    }

    assert stepped_cloud.run(unique, states)["output"] == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("amount", "outcome"), [(150, "large, 150"), (50, "medium"), (5, {"amount": 5})]
)
def test_choice_takes_the_first_rule_that_holds(
    stepped_cloud: SteppedCloud, unique: str, amount: int, outcome: Any
) -> None:
    states = {
        "Size": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $states.input.amount >= 100 %}",
                    "Assign": {"size": "{% $states.input.amount %}"},
                    "Output": "large",
                    "Next": "Large",
                },
                {
                    "Condition": "{% $states.input.amount >= 10 %}",
                    "Output": "medium",
                    "Next": "Done",
                },
            ],
            "Default": "Done",
        },
        "Large": {"Type": "Pass", "Output": "{% $states.input & ', ' & $size %}", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }

    assert stepped_cloud.run(unique, states, {"amount": amount})["output"] == outcome


def test_a_condition_that_is_no_boolean_fails(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.name %}", "Next": "Done"}],
        },
        "Done": {"Type": "Succeed"},
    }

    execution = stepped_cloud.run(unique, states, {"name": "text"})

    assert execution["error"] == "States.QueryEvaluationError"


def test_an_exception_is_caught_by_its_class_name(stepped_cloud: SteppedCloud, shop: str) -> None:
    states = {
        "Order": lambda_task(
            shop,
            Catch=[
                {
                    "ErrorEquals": ["OutOfStock"],
                    "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                    "Assign": {"error": "{% $states.errorOutput.Error %}"},
                    "Next": "Sorry",
                }
            ],
            End=True,
        ),
        "Sorry": {
            "Type": "Pass",
            "Output": {"error": "{% $error %}", "message": "{% $states.input %}"},
            "End": True,
        },
    }

    execution = stepped_cloud.run(shop, states, {"fail": True})

    assert execution["output"] == {"error": "OutOfStock", "message": "no more of it"}


def test_retries_back_off_on_the_program_clock(stepped_cloud: SteppedCloud, unique: str) -> None:
    stepped_cloud.create_function(unique, FAILS_TWICE)
    retry = {
        "ErrorEquals": ["ConnectionError"],
        "IntervalSeconds": 600,
        "BackoffRate": 10,
        "MaxDelaySeconds": 3_600,
        "MaxAttempts": 3,
        "JitterStrategy": "FULL",
    }
    states = {"Call": lambda_task(unique, Retry=[retry], End=True)}

    machine = stepped_cloud.create_machine(unique, states)
    execution = stepped_cloud.start_execution(machine, unique, {})
    stepped_cloud.settle()
    stepped_cloud.advance(seconds=600 + 3_599)
    assert stepped_cloud.describe(execution)["status"] == "RUNNING"
    stepped_cloud.advance(seconds=1)

    assert stepped_cloud.describe(execution)["output"] == 3


def test_retries_end_and_the_error_stays(stepped_cloud: SteppedCloud, shop: str) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}
    states = {"Order": lambda_task(shop, Retry=[retry], End=True)}

    machine = stepped_cloud.create_machine(shop, states)
    execution = stepped_cloud.start_execution(machine, shop, {"fail": True})
    stepped_cloud.advance(seconds=60)

    failures = [one for one in stepped_cloud.history(execution) if one["type"] == "TaskFailed"]
    assert len(failures) == 3
    assert stepped_cloud.describe(execution)["error"] == "OutOfStock"


def test_wait_until_a_timestamp_of_the_input(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {
        "Until": {"Type": "Wait", "Timestamp": "{% $states.input.until %}", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }

    machine = stepped_cloud.create_machine(unique, states)
    execution = stepped_cloud.start_execution(machine, unique, {"until": "2017-02-03T04:05:06Z"})
    stepped_cloud.advance(days=60)

    assert stepped_cloud.entered(execution) == [
        ("Until", "2017-01-01T00:00:00.000Z"),
        ("Done", "2017-02-03T04:05:06.000Z"),
    ]


def test_now_is_the_programs_time(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {
        "Now": {
            "Type": "Pass",
            "Output": ["{% $now() %}", "{% $millis() %}", "{% $now('[Y]-[M01]') %}"],
            "End": True,
        }
    }

    assert stepped_cloud.run(unique, states)["output"] == [
        "2017-01-01T00:00:00.000Z",
        1_483_228_800_000,
        "2017-01",
    ]


def test_branches_run_side_by_side_with_their_own_variables(
    stepped_cloud: SteppedCloud, shop: str
) -> None:
    branch = {"StartAt": "Ask", "States": {"Ask": lambda_task(shop, End=True)}}
    waiting = {
        "StartAt": "Pause",
        "States": {
            "Pause": {"Type": "Wait", "Seconds": 3_600, "Next": "Set"},
            "Set": {
                "Type": "Pass",
                "Assign": {"who": "branch"},
                "Output": "waited",
                "End": True,
            },
        },
    }
    states = {
        "Start": {"Type": "Pass", "Assign": {"who": "parent"}, "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Branches": [branch, waiting],
            "Output": {"results": "{% $states.result %}", "who": "{% $who %}"},
            "End": True,
        },
    }

    machine = stepped_cloud.create_machine(shop, states)
    execution = stepped_cloud.start_execution(machine, shop, {"n": 1})
    stepped_cloud.advance(seconds=3_600)

    assert stepped_cloud.describe(execution)["output"] == {
        "results": [{"seen": {"n": 1}}, "waited"],
        "who": "parent",
    }


def test_a_map_keeps_the_order_of_its_items(stepped_cloud: SteppedCloud, shop: str) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "Items": "{% [1..9] %}",
            "ItemSelector": {
                "number": "{% $states.context.Map.Item.Value %}",
                "index": "{% $states.context.Map.Item.Index %}",
            },
            "MaxConcurrency": 3,
            "ItemProcessor": {
                "StartAt": "Ask",
                "States": {"Ask": lambda_task(shop, Output="{% $states.input %}", End=True)},
            },
            "End": True,
        }
    }

    execution = stepped_cloud.run(shop, states)

    assert execution["output"] == [{"number": n + 1, "index": n} for n in range(9)]


def test_the_first_failing_item_fails_the_map(stepped_cloud: SteppedCloud, shop: str) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "Items": [{"fail": False}, {"fail": True}],
            "ItemProcessor": {
                "StartAt": "Ask",
                "States": {"Ask": lambda_task(shop, End=True)},
            },
            "Catch": [{"ErrorEquals": ["OutOfStock"], "Output": "sorry", "Next": "Done"}],
            "End": True,
        },
        "Done": {"Type": "Succeed"},
    }

    assert stepped_cloud.run(shop, states)["output"] == "sorry"


def test_too_large_a_payload_is_refused(stepped_cloud: SteppedCloud, unique: str) -> None:
    states = {"Large": {"Type": "Pass", "Output": "{% $pad('', 300000, 'x') %}", "End": True}}

    assert stepped_cloud.run(unique, states)["error"] == "States.DataLimitExceeded"


def test_the_history_tells_states_inputs_and_outputs(
    stepped_cloud: SteppedCloud, shop: str
) -> None:
    states = {"Order": lambda_task(shop, Next="Done"), "Done": {"Type": "Succeed"}}

    execution = stepped_cloud.run(shop, states, {"n": 1})
    history = stepped_cloud.history(execution["executionArn"])

    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in history[1:]] == list(range(1, len(history)))
    assert history[1]["stateEnteredEventDetails"]["input"] == '{"n":1}'
    assert history[5]["stateExitedEventDetails"]["output"] == '{"seen":{"n":1}}'


def test_a_stopped_execution_ends_within_its_branches(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    wait = {"Type": "Wait", "Seconds": 60, "Next": "After"}
    branch = {"StartAt": "Wait", "States": {"Wait": wait, "After": {"Type": "Pass", "End": True}}}
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch, branch],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }
    machine = stepped_cloud.create_machine(unique, states)
    execution = stepped_cloud.start_execution(machine, unique, {})
    stepped_cloud.settle()
    stepped_cloud.client("stepfunctions").stop_execution(executionArn=execution)

    stepped_cloud.advance(seconds=120)

    assert stepped_cloud.describe(execution)["status"] == "ABORTED"
    assert [name for name, _ in stepped_cloud.entered(execution)] == ["Both", "Wait", "Wait"]


def test_what_the_emulator_does_not_know_fails_the_execution(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    branch = {"StartAt": "Odd", "States": {"Odd": {"Type": "Odd", "End": True}}}
    states = {"All": {"Type": "Parallel", "Branches": [branch, {"StartAt": "x"}], "End": True}}

    assert stepped_cloud.run(unique, states)["error"] == "States.Runtime"
