"""Distributed Map: items from S3, batches, tolerated failures, results in S3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.stepped_cloud import SteppedCloud, lambda_task

DOUBLES = """
class OddOne(Exception):
    pass

def handler(event, context):
    if event.get("n", 0) % 10 == 7:
        raise OddOne(str(event["n"]))
    return {"double": 2 * event["n"]} if "n" in event else event
"""


@pytest.fixture
def bucket(stepped_cloud: SteppedCloud, unique: str) -> str:
    stepped_cloud.client("s3").create_bucket(
        Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    stepped_cloud.create_function(unique, DOUBLES)
    return unique


def put(cloud: SteppedCloud, bucket: str, key: str, text: str) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def read(cloud: SteppedCloud, bucket: str, key: str) -> Any:
    return json.loads(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def each(function: str, **fields: Any) -> dict[str, Any]:
    """Return a machine of one Distributed Map that calls a function for each item."""
    return {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Call",
                "States": {"Call": lambda_task(function, End=True)},
            },
            "End": True,
            **fields,
        }
    }


def reader(input_type: str, key: str) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": input_type},
        "Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": key},
    }


@pytest.mark.parametrize(
    ("input_type", "text"),
    [("JSON", '[{"n": 1}, {"n": 2}]'), ("JSONL", '{"n": 1}\n{"n": 2}\n')],
)
def test_items_come_from_a_file(
    stepped_cloud: SteppedCloud, bucket: str, input_type: str, text: str
) -> None:
    put(stepped_cloud, bucket, "items", text)
    states = each(bucket, ItemReader=reader(input_type, "items"))

    execution = stepped_cloud.run(bucket, states, {"bucket": bucket})

    assert execution["output"] == [{"double": 2}, {"double": 4}]


def test_items_come_from_an_expression_and_are_selected(
    stepped_cloud: SteppedCloud, bucket: str
) -> None:
    states = each(
        bucket,
        Items="{% $states.input.numbers %}",
        ItemSelector={"n": "{% $states.context.Map.Item.Value + $states.input.more %}"},
    )

    execution = stepped_cloud.run(bucket, states, {"numbers": [1, 2, 3], "more": 10})

    assert execution["output"] == [{"double": 22}, {"double": 24}, {"double": 26}]


def test_items_go_in_batches(stepped_cloud: SteppedCloud, bucket: str) -> None:
    states = each(
        bucket,
        Items=[1, 2, 3, 4, 5],
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"run": "{% $states.input.run %}"}},
    )

    execution = stepped_cloud.run(bucket, states, {"run": "r1"})

    assert [batch["Items"] for batch in execution["output"]] == [[1, 2], [3, 4], [5]]
    assert execution["output"][0]["BatchInput"] == {"run": "r1"}


def test_any_failure_fails_the_map_by_default(stepped_cloud: SteppedCloud, bucket: str) -> None:
    execution = stepped_cloud.run(bucket, each(bucket, Items=[{"n": 1}, {"n": 7}]))

    assert execution["error"] == "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize(("tolerated", "status"), [(10, "SUCCEEDED"), (9, "FAILED")])
def test_failures_are_tolerated_up_to_a_percentage(
    stepped_cloud: SteppedCloud, bucket: str, tolerated: int, status: str
) -> None:
    states = each(
        bucket,
        Items="{% [1..10].{'n': $} %}",
        ToleratedFailurePercentage=f"{{% {tolerated} %}}",
        MaxConcurrency=2,
    )

    assert stepped_cloud.run(bucket, states)["status"] == status


def test_results_are_written_as_files(stepped_cloud: SteppedCloud, bucket: str) -> None:
    states = each(
        bucket,
        Items="{% [1..40].{'n': $} %}",
        ToleratedFailurePercentage=100,
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "runs/one"},
        },
    )

    execution = stepped_cloud.run(bucket, states, {"bucket": bucket})

    details = execution["output"]["ResultWriterDetails"]
    assert details["Bucket"] == bucket
    assert details["Key"].startswith("runs/one/")
    manifest = read(stepped_cloud, bucket, details["Key"])
    assert manifest["DestinationBucket"] == bucket
    assert manifest["MapRunArn"] == execution["output"]["MapRunArn"]
    files = manifest["ResultFiles"]
    succeeded = read(stepped_cloud, bucket, files["SUCCEEDED"][0]["Key"])
    failed = read(stepped_cloud, bucket, files["FAILED"][0]["Key"])
    assert files["SUCCEEDED"][0]["Key"].endswith("/SUCCEEDED_0.json")
    assert [json.loads(one["Output"])["double"] for one in succeeded] == [
        2 * n for n in range(1, 41) if n % 10 != 7
    ]
    assert [json.loads(one["Input"])["n"] for one in failed] == [7, 17, 27, 37]
    assert {one["Error"] for one in failed} == {"OddOne"}


def test_results_are_written_as_lines(stepped_cloud: SteppedCloud, bucket: str) -> None:
    states = each(
        bucket,
        Items="{% [1..3].{'n': $} %}",
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "WriterConfig": {"Transformation": "NONE", "OutputType": "JSONL"},
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "runs/one"},
        },
    )

    execution = stepped_cloud.run(bucket, states, {"bucket": bucket})

    key = execution["output"]["ResultWriterDetails"]["Key"]
    [file] = read(stepped_cloud, bucket, key)["ResultFiles"]["SUCCEEDED"]
    body = stepped_cloud.client("s3").get_object(Bucket=bucket, Key=file["Key"])["Body"].read()
    lines = [json.loads(line) for line in body.decode().splitlines()]
    assert [json.loads(line["Output"])["double"] for line in lines] == [2, 4, 6]


def test_a_missing_file_can_be_caught(stepped_cloud: SteppedCloud, bucket: str) -> None:
    states = each(
        bucket,
        ItemReader=reader("JSON", "missing"),
        Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Output": "none", "Next": "Done"}],
    ) | {"Done": {"Type": "Succeed"}}

    assert stepped_cloud.run(bucket, states, {"bucket": bucket})["output"] == "none"


def test_the_map_run_is_counted(stepped_cloud: SteppedCloud, bucket: str) -> None:
    states = each(bucket, Items="{% [1..10].{'n': $} %}", ToleratedFailureCount=1)

    execution = stepped_cloud.run(bucket, states)

    sfn = stepped_cloud.client("stepfunctions")
    runs = sfn.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    counts = sfn.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (10, 9, 1)
