"""Advancing the clock waits for everything that is on its way: streams, queues, events, Lambdas."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import pytest

from tests.support.stepped_cloud import SteppedCloud, lambda_task

# Passes what it gets on to a table, with the program's time as the clock file has it.
NOTES = """
import json, os, time, uuid
import boto3

def handler(event, context):
    time.sleep(float(os.environ.get("SLEEP_SECONDS", "0")))
    with open(os.environ["LOYALTY_CLOCK_FILE"]) as file:
        now = json.load(file)["program_epoch"]
    boto3.client("dynamodb").put_item(
        TableName=os.environ["NOTES"],
        Item={"id": {"S": str(uuid.uuid4())}, "now": {"N": str(now)}},
    )
    if os.environ.get("FAIL"):
        raise ValueError("refused")
"""

KEY = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def notes(stepped_cloud: SteppedCloud, unique: str) -> str:
    """Name of the table that the test's function writes to."""
    stepped_cloud.client("dynamodb").create_table(TableName=f"{unique}-notes", **KEY)
    return f"{unique}-notes"


def create_noter(cloud: SteppedCloud, name: str, notes: str, **variables: str) -> str:
    clock_file = str(cloud.state_dir / "clock.json")
    environment = {"NOTES": notes, "LOYALTY_CLOCK_FILE": clock_file, **variables}
    return cloud.create_function(name, NOTES, Environment={"Variables": environment})


def noted_times(cloud: SteppedCloud, notes: str) -> list[float]:
    items = cloud.client("dynamodb").scan(TableName=notes)["Items"]
    return sorted(float(item["now"]["N"]) - 1_483_228_800 for item in items)


def create_queue(cloud: SteppedCloud, name: str, **attributes: str) -> tuple[str, str]:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def map_to(cloud: SteppedCloud, function: str, source_arn: str, **settings: Any) -> None:
    cloud.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=source_arn, **settings
    )


def create_stream(cloud: SteppedCloud, name: str) -> str:
    table = cloud.client("dynamodb").create_table(
        TableName=name,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        **KEY,
    )
    return str(table["TableDescription"]["LatestStreamArn"])


def test_stream_records_are_processed_before_the_clock_moves(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    create_noter(stepped_cloud, unique, notes, SLEEP_SECONDS="0.1")
    stream = create_stream(stepped_cloud, unique)
    map_to(stepped_cloud, unique, stream, StartingPosition="TRIM_HORIZON", BatchSize=1)
    for number in range(3):
        item = {"id": {"S": str(number)}}
        stepped_cloud.client("dynamodb").put_item(TableName=unique, Item=item)

    stepped_cloud.advance(days=1)

    assert noted_times(stepped_cloud, notes) == [0, 0, 0]


def test_a_stream_record_does_not_wait_for_the_pollers_next_look(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    create_noter(stepped_cloud, unique, notes)
    stream = create_stream(stepped_cloud, unique)
    map_to(stepped_cloud, unique, stream, StartingPosition="TRIM_HORIZON")
    dynamodb = stepped_cloud.client("dynamodb")
    taken: list[float] = []
    for number in range(20):
        dynamodb.put_item(TableName=unique, Item={"id": {"S": str(number)}})
        started = time.perf_counter()
        stepped_cloud.settle()
        taken.append(time.perf_counter() - started)

    assert len(noted_times(stepped_cloud, notes)) == 20
    # MiniStack looks once a second by itself.
    assert statistics.median(taken) < 0.5


def test_an_event_reaches_its_function_before_the_clock_moves(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    function = create_noter(stepped_cloud, unique, notes, SLEEP_SECONDS="0.1")
    events = stepped_cloud.client("events")
    events.put_rule(Name=unique, EventPattern=json.dumps({"source": [unique]}))
    events.put_targets(Rule=unique, Targets=[{"Id": "function", "Arn": function}])
    events.put_events(Entries=[{"Source": unique, "DetailType": "Happened", "Detail": "{}"}])

    stepped_cloud.advance(days=1)

    assert noted_times(stepped_cloud, notes) == [0]


def test_a_delayed_message_comes_at_its_time(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    create_noter(stepped_cloud, unique, notes)
    url, arn = create_queue(stepped_cloud, unique, DelaySeconds="300")
    map_to(stepped_cloud, unique, arn)
    stepped_cloud.client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    stepped_cloud.advance(days=1)

    assert noted_times(stepped_cloud, notes) == [300]


def test_a_poisoned_message_comes_again_after_its_time_out_and_then_goes_to_the_dead_letters(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    create_noter(stepped_cloud, unique, notes, FAIL="1")
    dead_url, dead_arn = create_queue(stepped_cloud, f"{unique}-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    url, arn = create_queue(stepped_cloud, unique, VisibilityTimeout="600", RedrivePolicy=redrive)
    map_to(stepped_cloud, unique, arn)
    stepped_cloud.client("sqs").send_message(QueueUrl=url, MessageBody="poison")

    stepped_cloud.advance(days=1)

    assert noted_times(stepped_cloud, notes) == [0, 600, 1_200]
    dead = stepped_cloud.client("sqs").receive_message(QueueUrl=dead_url)["Messages"]
    assert [message["Body"] for message in dead] == ["poison"]


def test_an_execution_that_works_holds_the_clock(
    stepped_cloud: SteppedCloud, unique: str, notes: str
) -> None:
    create_noter(stepped_cloud, unique, notes, SLEEP_SECONDS="0.1")
    states = {
        "First": lambda_task(unique, Next="Second"),
        "Second": lambda_task(unique, End=True),
    }
    machine = stepped_cloud.create_machine(unique, states)
    stepped_cloud.start_execution(machine, unique, {})

    stepped_cloud.advance(days=1)

    assert noted_times(stepped_cloud, notes) == [0, 0]


def test_long_polling_ends_though_the_clock_stands_still(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    url, _ = create_queue(stepped_cloud, unique)

    answer = stepped_cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)

    assert "Messages" not in answer
