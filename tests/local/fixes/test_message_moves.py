"""Messages of a dead-letter queue go back."""

from __future__ import annotations

import pytest

from tests.support.ministack import Cloud


def test_messages_move_back_with_their_attributes(cloud: Cloud, unique: str) -> None:
    sqs = cloud.client("sqs")
    urls = [sqs.create_queue(QueueName=f"{unique}{end}")["QueueUrl"] for end in ("", "-dlq")]
    queue, dead = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        for url in urls
    )
    reason = {"reason": {"DataType": "String", "StringValue": "order_conflict"}}
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=urls[1], MessageBody=body, MessageAttributes=reason)
    sqs.start_message_move_task(SourceArn=dead, DestinationArn=queue)
    received = sqs.receive_message(
        QueueUrl=urls[0], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert sorted(message["Body"] for message in received) == ["one", "two"]
    assert received[0]["MessageAttributes"] == reason
    assert "Messages" not in sqs.receive_message(QueueUrl=urls[1])
    [task] = sqs.list_message_move_tasks(SourceArn=dead)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)


def test_a_queue_that_is_not_there_is_refused(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    arn = "arn:aws:sqs:eu-central-1:000000000000:nowhere"
    with pytest.raises(sqs.exceptions.ResourceNotFoundException):
        sqs.start_message_move_task(SourceArn=arn, DestinationArn=arn)
