"""Dead-letter queues as operators see them, and the way back out of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from loyalty.services.console_ports import DeadLetter, DeadLetterQueue

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws

LOOKED_AT: Final = 10
_SHOWN_CHARACTERS: Final = 120
# Words and ids. Everything else of a message may name people, and stays in the queue.
_ATTRIBUTES: Final = ("reason", "ERROR_CODE", "RULE_ARN", "TARGET_ARN")
_OF_BODY: Final = ("detail-type", "source", "id", "kind", "shard", "until", "month")
_OF_METADATA: Final = ("event_id", "correlation_id", "occurred_at")


class SqsDeadLetterQueues:
    """Implements `loyalty.services.console_ports.DeadLetterQueues`.

    Parameters
    ----------
    aws : Aws
        Gives the client.
    addresses : mapping
        By the queue's name: its URL, and that of the queue that its messages go back to.
    """

    def __init__(self, aws: Aws, addresses: Mapping[str, tuple[str, str | None]]) -> None:
        self._aws = aws
        self._addresses = addresses

    def queues(self) -> Sequence[DeadLetterQueue]:
        return [self._queue(name) for name in self._addresses]

    def letters(self, name: str) -> Sequence[DeadLetter]:
        url, _ = self._addresses[name]
        answer = self._aws.client("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=LOOKED_AT,
            VisibilityTimeout=0,  # looking must not hide a message from a redrive
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [_letter(message) for message in answer.get("Messages", ())]

    def redrive(self, name: str) -> None:
        url, feeds = self._addresses[name]
        if feeds is None:
            raise KeyError(name)
        client = self._aws.client("sqs")
        arn = self._arn(url)
        try:
            # With its destination: what a worker put aside itself has no source to go back to.
            client.start_message_move_task(SourceArn=arn, DestinationArn=self._arn(feeds))
        except ClientError:
            # No code of its own tells that a task runs already: it is a parameter's as any other.
            if not self._is_moving(arn):
                raise

    def _queue(self, name: str) -> DeadLetterQueue:
        url, feeds = self._addresses[name]
        found = self._aws.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "QueueArn"]
        )["Attributes"]
        waiting = int(found["ApproximateNumberOfMessages"])
        moving = bool(waiting and feeds) and self._is_moving(found["QueueArn"])
        return DeadLetterQueue(name, waiting, feeds and feeds.rpartition("/")[2], moving)

    def _is_moving(self, arn: str) -> bool:
        answer = self._aws.client("sqs").list_message_move_tasks(SourceArn=arn, MaxResults=1)
        return any(task["Status"] == "RUNNING" for task in answer.get("Results", ()))

    def _arn(self, url: str) -> str:
        answer = self._aws.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"]
        )
        return answer["Attributes"]["QueueArn"]


def _letter(message: Mapping[str, Any]) -> DeadLetter:
    attributes = message["Attributes"]
    sent_at = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)
    return DeadLetter(
        message_id=message["MessageId"],
        sent_at=sent_at,
        received=int(attributes["ApproximateReceiveCount"]),
        size_bytes=len(message["Body"].encode()),
        about=dict(_about(message)),
    )


def _about(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    told = message.get("MessageAttributes", {})
    for name in _ATTRIBUTES:
        if value := told.get(name, {}).get("StringValue"):
            is_arn = name.endswith("_ARN")
            label = name.lower().removesuffix("_arn")
            yield label, _shown(value.rpartition(":")[2] if is_arn else value)
    body = _object(message["Body"])
    detail = body.get("detail")
    metadata = detail.get("metadata") if isinstance(detail, dict) else None
    for place, names in ((body, _OF_BODY), (metadata, _OF_METADATA)):
        for name in names:
            if isinstance(place, dict) and isinstance(place.get(name), str | int):
                yield name.replace("-", "_"), _shown(str(place[name]))


def _object(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _shown(text: str) -> str:
    return text[:_SHOWN_CHARACTERS]
