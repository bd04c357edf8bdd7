"""What has happened survives a kill: one consistent snapshot of all services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ministack import Cloud, wait_until

RECORDER = """
import boto3
dynamodb = boto3.client("dynamodb")
def handler(event, context):
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        dynamodb.put_item(TableName="recorded", Item={"pk": {"S": key}})
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path, {"LOYALTY_SNAPSHOT_SECONDS": "0.1"}) as running:
        yield running


def create_table(cloud: Cloud, name: str) -> str:
    table = cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    return str(table["LatestStreamArn"])


def put(cloud: Cloud, table: str, key: str) -> None:
    cloud.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": key}})


def has(cloud: Cloud, table: str, key: str) -> bool:
    answer = cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}})
    return "Item" in answer


def wait_for_snapshot(cloud: Cloud, text: str) -> None:
    """Wait until the snapshot on disk holds ``text``."""
    state_file = cloud.state_dir / "emulator" / "state.json"
    wait_until(lambda: state_file.exists() and text in state_file.read_text())


def test_items_messages_and_objects_survive_a_kill(cloud: Cloud) -> None:
    create_table(cloud, "things")
    queue = cloud.client("sqs").create_queue(QueueName="messages")["QueueUrl"]
    s3 = cloud.client("s3")
    region = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket="objects", CreateBucketConfiguration=region)
    s3.put_object(Bucket="objects", Key="an-object", Body=b"content")
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="a message")
    put(cloud, "things", "an-item")
    wait_for_snapshot(cloud, "an-item")
    cloud.kill()
    cloud.start()
    assert has(cloud, "things", "an-item")
    assert s3.get_object(Bucket="objects", Key="an-object")["Body"].read() == b"content"
    messages = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert [message["Body"] for message in messages] == ["a message"]


def test_a_stream_goes_on_where_it_was(cloud: Cloud) -> None:
    stream_arn = create_table(cloud, "things")
    create_table(cloud, "recorded")
    cloud.create_function("recorder", RECORDER)
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="recorder", EventSourceArn=stream_arn, StartingPosition="TRIM_HORIZON"
    )
    put(cloud, "things", "before")
    wait_until(lambda: has(cloud, "recorded", "before"))
    put(cloud, "things", "marker")
    wait_for_snapshot(cloud, "marker")
    cloud.kill()
    cloud.start()
    put(cloud, "things", "after")
    wait_until(lambda: has(cloud, "recorded", "marker") and has(cloud, "recorded", "after"))


def test_a_clean_stop_saves_everything(tmp_path: Path) -> None:
    with Cloud(tmp_path, {"LOYALTY_SNAPSHOT_SECONDS": "3600"}) as cloud:
        create_table(cloud, "things")
        put(cloud, "things", "an-item")
        cloud.stop()
        cloud.start()
        assert has(cloud, "things", "an-item")


def test_unpacked_code_of_a_killed_emulator_is_not_left_in_the_temporary_directory(
    tmp_path: Path,
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with Cloud(tmp_path / "cloud", {"TMPDIR": str(temporary)}) as cloud:
        cloud.create_function("echo", "def handler(event, context): return event")
        cloud.invoke("echo")
        cloud.kill()
        assert not [path for path in temporary.iterdir() if path.name.startswith("ministack")]
