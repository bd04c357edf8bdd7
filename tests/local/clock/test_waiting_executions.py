"""Many executions that wait for days: every one ends at its own moment, and again the same way."""

from __future__ import annotations

from typing import Any

from local.clock import epoch, iso
from tests.support.ministack import wait_until
from tests.support.stepped_cloud import DAY_SECONDS, START, SteppedCloud, lambda_task, token_task

ACCEPTS_TOKENS = "def handler(event, context): return 'kept'"


def journey(function: str) -> dict[str, Any]:
    """A week for an answer, a week after the reminder, and a month's wait."""
    silent = {"ErrorEquals": ["States.Timeout"]}
    week = {"TimeoutSeconds": "{% 7 * 86400 %}"}
    return {
        "Invited": token_task(
            function, **week, Catch=[{**silent, "Next": "Reminded"}], Next="Accepted"
        ),
        "Reminded": token_task(
            function, **week, Catch=[{**silent, "Next": "Inactive"}], Next="Accepted"
        ),
        "Inactive": {"Type": "Wait", "Seconds": int(30 * DAY_SECONDS), "Next": "Outreach"},
        "Outreach": lambda_task(function, End=True),
        "Accepted": {"Type": "Succeed"},
    }


def test_two_hundred_silent_customers_in_44_days(cloud: SteppedCloud, unique: str) -> None:
    cloud.create_function(unique, ACCEPTS_TOKENS)
    machine = cloud.create_machine(unique, journey(unique))
    executions = []
    for number in range(200):
        executions.append(cloud.start_execution(machine, f"customer-{number}", {}))
        cloud.advance(seconds=60)
    cloud.advance(days=44)

    for number, execution in enumerate(executions):
        started = epoch(START) + number * 60
        assert cloud.describe(execution)["status"] == "SUCCEEDED"
        assert cloud.entered(execution) == [
            ("Invited", iso(started)),
            ("Reminded", iso(started + 7 * DAY_SECONDS)),
            ("Inactive", iso(started + 14 * DAY_SECONDS)),
            ("Outreach", iso(started + 44 * DAY_SECONDS)),
        ]


def test_three_thousand_waiting_executions_cost_no_threads(
    cloud: SteppedCloud, unique: str
) -> None:
    states = {"Waiting": {"Type": "Wait", "Seconds": 86_400, "End": True}}
    machine = cloud.create_machine(unique, states)
    sfn = cloud.client("stepfunctions")
    for number in range(3_000):
        sfn.start_execution(stateMachineArn=machine, name=f"customer-{number}")
    cloud.settle()
    assert cloud.get("/_local/clock")["timers"] >= 3_000

    cloud.advance(days=1)

    running = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    assert running["executions"] == []


def test_two_equal_runs_give_equal_histories(cloud: SteppedCloud, unique: str) -> None:
    cloud.create_function(unique, ACCEPTS_TOKENS)

    def run(name: str) -> list[list[tuple[str, str]]]:
        cloud.set_clock()
        machine = cloud.create_machine(name, journey(unique))
        executions = [
            cloud.start_execution(machine, f"customer-{number}", {}) for number in range(10)
        ]
        cloud.advance(days=3)
        cloud.client("stepfunctions").send_task_success(
            taskToken=cloud.token(executions[3]), output="{}"
        )
        cloud.advance(days=50)
        return [
            [(event["type"], iso(event["timestamp"].timestamp())) for event in cloud.history(one)]
            for one in executions
        ]

    assert run(f"{unique}-first") == run(f"{unique}-second")


def test_a_running_clock_ends_waits_by_its_factor(cloud: SteppedCloud, unique: str) -> None:
    states = {"Waiting": {"Type": "Wait", "Seconds": 86_400, "End": True}}
    machine = cloud.create_machine(unique, states)
    execution = cloud.start_execution(machine, unique, {})
    started = cloud.describe(execution)["startDate"]

    cloud.post("/_local/clock", {"mode": "wall", "rate": 86_400})
    ended = wait_until(lambda: cloud.describe(execution).get("stopDate"))

    assert (ended - started).total_seconds() >= 86_400
