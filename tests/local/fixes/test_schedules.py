"""Schedules on the program clock: every occurrence, in order, in its time zone, at its target."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.clock import epoch, iso
from local.emulator.fixes.schedules import next_occurrence
from tests.support.ministack import ROLE_ARN, wait_until
from tests.support.stepped_cloud import SteppedCloud

INPUT = '{"at": "<aws.scheduler.scheduled-time>"}'


def occurrences(expression: str, zone: str, after: str, count: int, anchor: str = "") -> list[str]:
    found: list[str] = []
    moment: float | None = epoch(after)
    for _ in range(count):
        assert moment is not None
        moment = next_occurrence(expression, moment, zone, epoch(anchor) if anchor else 0.0)
        if moment is None:
            break
        found.append(iso(moment).replace(".000Z", "Z"))
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(0 3 * * ? *)", "UTC", ["2017-01-01T03:00:00Z", "2017-01-02T03:00:00Z"]),
        (
            "cron(0 3 1 * ? *)",
            "America/New_York",
            ["2017-01-01T08:00:00Z", "2017-02-01T08:00:00Z"],
        ),
        ("cron(30 8 L * ? *)", "UTC", ["2017-01-31T08:30:00Z", "2017-02-28T08:30:00Z"]),
        ("cron(0 9 ? * MON#1 *)", "UTC", ["2017-01-02T09:00:00Z", "2017-02-06T09:00:00Z"]),
        ("rate(6 hours)", "UTC", ["2017-01-01T06:00:00Z", "2017-01-01T12:00:00Z"]),
        ("at(2017-05-01T12:00:00)", "Europe/Berlin", ["2017-05-01T10:00:00Z"]),
        ("at(2016-05-01T12:00:00)", "UTC", []),
        ("cron(0 3 * * ? 2016)", "UTC", []),
    ],
)
def test_expressions(expression: str, zone: str, expected: list[str]) -> None:
    start = "2017-01-01T00:00:00Z"
    assert occurrences(expression, zone, start, 2, anchor=start) == expected


def test_the_hour_that_summer_time_leaves_out_is_skipped() -> None:
    found = occurrences("cron(30 2 * * ? *)", "Europe/Berlin", "2017-03-24T12:00:00Z", 3)

    assert found == ["2017-03-25T01:30:00Z", "2017-03-27T00:30:00Z", "2017-03-28T00:30:00Z"]


def test_the_hour_that_comes_twice_fires_once() -> None:
    found = occurrences("cron(30 2 * * ? *)", "Europe/Berlin", "2017-10-28T12:00:00Z", 2)

    assert found == ["2017-10-29T00:30:00Z", "2017-10-30T01:30:00Z"]


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="never"):
        next_occurrence("never", 0.0)


class Inbox:
    """A queue that schedules of a test deliver to."""

    def __init__(self, cloud: SteppedCloud, name: str) -> None:
        self._sqs = cloud.client("sqs")
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = attributes["Attributes"]["QueueArn"]

    def take_all(self) -> list[Any]:
        bodies: list[Any] = []
        while True:
            answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            bodies += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                return bodies


def schedule(cloud: SteppedCloud, name: str, expression: str, target: str, **fields: Any) -> None:
    cloud.client("scheduler").create_schedule(
        **{
            "Name": name,
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            "Target": {"Arn": target, "RoleArn": ROLE_ARN, "Input": INPUT},
            **fields,
        }
    )


def test_a_year_fires_every_occurrence_in_order(stepped_cloud: SteppedCloud, unique: str) -> None:
    inbox = Inbox(stepped_cloud, unique)
    queue = {"MessageRetentionPeriod": "1209600"}
    stepped_cloud.client("sqs").set_queue_attributes(QueueUrl=inbox.url, Attributes=queue)
    schedule(
        stepped_cloud,
        f"{unique}-daily",
        "cron(0 3 * * ? *)",
        inbox.arn,
        ScheduleExpressionTimezone="Europe/Berlin",
    )
    schedule(stepped_cloud, f"{unique}-monthly", "cron(0 0 1 * ? *)", inbox.arn)

    moments: list[str] = []
    for _ in range(73):
        stepped_cloud.advance(days=5)
        moments += [body["at"] for body in inbox.take_all()]

    assert len(moments) == 365 + 13
    assert moments == sorted(moments)
    assert moments[0] == "2017-01-01T00:00:00Z"
    assert "2017-07-01T01:00:00Z" in moments
    for name in ("daily", "monthly"):
        stepped_cloud.client("scheduler").delete_schedule(Name=f"{unique}-{name}")


def test_a_one_time_schedule_fires_once_and_is_deleted(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    inbox = Inbox(stepped_cloud, unique)
    schedule(
        stepped_cloud,
        unique,
        "at(2017-01-02T10:00:00)",
        inbox.arn,
        ActionAfterCompletion="DELETE",
    )

    stepped_cloud.advance(days=2)

    assert inbox.take_all() == [{"at": "2017-01-02T10:00:00Z"}]
    names = stepped_cloud.client("scheduler").list_schedules(NamePrefix=unique)["Schedules"]
    assert names == []


def test_start_and_end_bound_a_schedule(stepped_cloud: SteppedCloud, unique: str) -> None:
    inbox = Inbox(stepped_cloud, unique)
    schedule(
        stepped_cloud,
        unique,
        "rate(1 day)",
        inbox.arn,
        StartDate=datetime.fromisoformat("2017-01-02T12:00:00Z"),
        EndDate=datetime.fromisoformat("2017-01-05T00:00:00Z"),
    )

    # Not longer, or the queue would have dropped the first one after its four days.
    stepped_cloud.advance(days=5)

    assert [body["at"][:13] for body in inbox.take_all()] == [
        "2017-01-03T12",
        "2017-01-04T12",
    ]


def test_a_schedule_starts_an_execution(stepped_cloud: SteppedCloud, unique: str) -> None:
    machine = stepped_cloud.create_machine(unique, {"Done": {"Type": "Succeed"}})
    schedule(stepped_cloud, unique, "at(2017-01-02T10:00:00)", machine)

    stepped_cloud.advance(days=2)

    sfn = stepped_cloud.client("stepfunctions")
    executions = sfn.list_executions(stateMachineArn=machine)["executions"]
    described = stepped_cloud.describe(executions[0]["executionArn"])
    assert described["output"] == {"at": "2017-01-02T10:00:00Z"}


def test_a_failing_lambda_is_retried_after_one_and_two_minutes_then_given_up(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    inbox = Inbox(stepped_cloud, unique)
    fails = "def handler(event, context): raise ValueError('no')"
    function = stepped_cloud.create_function(unique, fails)
    stepped_cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=unique,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": inbox.arn}},
    )
    schedule(stepped_cloud, unique, "at(2017-01-01T10:00:00)", function)

    stepped_cloud.advance(seconds=10 * 3_600 + 179)
    assert inbox.take_all() == []
    stepped_cloud.advance(seconds=1)

    record = inbox.take_all()[0]
    assert record["requestPayload"] == {"at": "2017-01-01T10:00:00Z"}
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["timestamp"] == "2017-01-01T10:03:00.000Z"


def test_a_disabled_schedule_does_not_fire(stepped_cloud: SteppedCloud, unique: str) -> None:
    inbox = Inbox(stepped_cloud, unique)
    schedule(stepped_cloud, unique, "rate(1 hour)", inbox.arn, State="DISABLED")

    stepped_cloud.advance(days=1)

    assert inbox.take_all() == []


def test_a_scheduled_rule_fires(stepped_cloud: SteppedCloud, unique: str) -> None:
    inbox = Inbox(stepped_cloud, unique)
    events = stepped_cloud.client("events")
    events.put_rule(Name=unique, ScheduleExpression="cron(0 12 * * ? *)")
    events.put_targets(Rule=unique, Targets=[{"Id": "inbox", "Arn": inbox.arn}])

    stepped_cloud.advance(days=3)

    assert [body["time"] for body in inbox.take_all()] == [
        f"2017-01-0{day}T12:00:00Z" for day in (1, 2, 3)
    ]
    events.disable_rule(Name=unique)


def test_a_deployed_schedule_keeps_its_time_zone(stepped_cloud: SteppedCloud, unique: str) -> None:
    inbox = Inbox(stepped_cloud, unique)
    resource = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": unique,
            "ScheduleExpression": "cron(0 12 * * ? *)",
            "ScheduleExpressionTimezone": "America/New_York",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": inbox.arn, "RoleArn": ROLE_ARN, "Input": INPUT},
        },
    }
    cloudformation = stepped_cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=unique, TemplateBody=json.dumps({"Resources": {"Daily": resource}})
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=unique, WaiterConfig={"Delay": 1}
    )

    stepped_cloud.advance(days=1)
    cloudformation.delete_stack(StackName=unique)

    assert inbox.take_all() == [{"at": "2017-01-01T17:00:00Z"}]


def test_occurrences_come_at_their_time_after_a_kill(tmp_path: Path, unique: str) -> None:
    cloud = SteppedCloud(tmp_path)
    with cloud:
        cloud.set_clock()
        inbox = Inbox(cloud, unique)
        schedule(cloud, unique, "rate(10 hours)", inbox.arn)
        cloud.advance(days=1)
        snapshot = tmp_path / "emulator" / "state.json"
        wait_until(lambda: snapshot.exists() and "2017-01-01T20" in snapshot.read_text())

        cloud.kill()
        cloud.start()
        cloud.advance(days=0.5)

        moments = [body["at"] for body in inbox.take_all()]
        assert moments == [f"2017-01-0{day}:00:00Z" for day in ("1T10", "1T20", "2T06")]
