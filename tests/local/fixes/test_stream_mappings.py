"""Stream mappings: partial failures, retries, bisecting, and the on-failure destination."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.ministack import Cloud, wait_until

# Every invocation's keys are noted in a queue; "poison…" fails in the way the mapping asks for.
CONSUMER = """
import json, os, boto3
sqs = boto3.client("sqs")
def handler(event, context):
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
    sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(keys))
    if os.environ["FAILURE"] == "raise" and any(key.startswith("poison") for key in keys):
        raise ValueError("poison")
    return {"batchItemFailures": [
        {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
        for record in event["Records"] if record["dynamodb"]["Keys"]["pk"]["S"].startswith("poison")
    ]}
"""


@dataclass
class Stream:
    """A table with a stream, a consumer of it, and what the consumer was called with."""

    cloud: Cloud
    name: str
    stream_arn: str
    seen_url: str
    failed_url: str

    def consume(self, failure: str, **settings: Any) -> None:
        environment = {"Variables": {"SEEN": self.seen_url, "FAILURE": failure}}
        self.cloud.create_function(self.name, CONSUMER, Environment=environment)
        self.cloud.client("lambda").create_event_source_mapping(
            FunctionName=self.name,
            EventSourceArn=self.stream_arn,
            StartingPosition="TRIM_HORIZON",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **settings,
        )

    def write(self, *keys: str) -> None:
        dynamodb = self.cloud.client("dynamodb")
        for key in keys:
            dynamodb.put_item(TableName=self.name, Item={"pk": {"S": key}, "kind": {"S": key[:4]}})

    def batches_until(self, key: str) -> list[list[str]]:
        """Return the batches of all invocations up to the first that has ``key`` in it."""
        batches: list[list[str]] = []
        while not any(key in batch for batch in batches):
            batches += [json.loads(body) for body in self._take(self.seen_url)]
        return batches

    def failed_batch(self) -> Any:
        return json.loads(self._take(self.failed_url)[0])

    def queue_arn(self) -> str:
        attributes = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.failed_url, AttributeNames=["QueueArn"]
        )
        return str(attributes["Attributes"]["QueueArn"])

    def _take(self, queue_url: str) -> list[str]:
        sqs = self.cloud.client("sqs")
        taken = wait_until(
            lambda: sqs.receive_message(
                QueueUrl=queue_url, WaitTimeSeconds=1, MaxNumberOfMessages=1
            ).get("Messages")
        )
        for message in taken:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in taken]


@pytest.fixture
def stream(cloud: Cloud, unique: str) -> Iterator[Stream]:
    table = cloud.client("dynamodb").create_table(
        TableName=unique,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    sqs = cloud.client("sqs")
    seen = sqs.create_queue(QueueName=f"{unique}-seen")["QueueUrl"]
    failed = sqs.create_queue(QueueName=f"{unique}-failed")["QueueUrl"]
    yield Stream(cloud, unique, table["LatestStreamArn"], seen, failed)
    cloud.client("dynamodb").delete_table(TableName=unique)


def test_a_batch_goes_on_from_the_record_that_was_reported_as_failed(stream: Stream) -> None:
    stream.write("good-1", "poison", "good-2")
    destination = {"OnFailure": {"Destination": stream.queue_arn()}}
    stream.consume("report", MaximumRetryAttempts=1, DestinationConfig=destination)
    batches = stream.batches_until("good-1")
    stream.write("good-3")
    batches += stream.batches_until("good-3")
    assert batches[0] == ["good-1", "poison", "good-2"]
    assert batches[1] == ["poison", "good-2"]
    assert sum("poison" in batch for batch in batches) == 2, "tried once, retried once"
    assert sum("good-1" in batch for batch in batches) == 1


def test_bisecting_isolates_the_poisoned_record(stream: Stream) -> None:
    stream.write("good-1", "good-2", "poison", "good-3", "good-4")
    destination = {"OnFailure": {"Destination": stream.queue_arn()}}
    stream.consume(
        "raise",
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
        DestinationConfig=destination,
    )
    batches = stream.batches_until("good-1")
    failed = stream.failed_batch()
    stream.write("good-5")
    batches += stream.batches_until("good-5")
    assert failed["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failed["DDBStreamBatchInfo"]["batchSize"] == 1, "only the poison was given up"
    well = [batch for batch in batches if "poison" not in batch]
    assert {key for batch in well for key in batch} == {f"good-{n}" for n in range(1, 6)}


def test_a_bucket_gets_the_record_itself(stream: Stream) -> None:
    bucket = f"{stream.name}-failed"
    s3 = stream.cloud.client("s3")
    region = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    stream.write("poison")
    stream.consume("raise", MaximumRetryAttempts=0, DestinationConfig=destination)
    objects = wait_until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    content = json.loads(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"].read())
    assert content["requestContext"]["condition"] == "RetryAttemptsExhausted"
    record = json.loads(content["payload"])["Records"][0]
    assert record["dynamodb"]["NewImage"]["pk"] == {"S": "poison"}


def test_filtered_records_are_not_passed_on(stream: Stream) -> None:
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["good"]}}}}
    stream.write("bad-1", "good-1", "bad-2", "poison")
    stream.consume("raise", FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    assert stream.batches_until("good-1") == [["good-1"]]
