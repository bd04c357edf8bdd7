"""Messages onto SQS queues, and those that nothing can be done with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from loyalty.adapters.aws import Aws

BATCH_LIMIT = 10


class MessagesNotTaken(Exception):
    """The queue did not take some of the messages; sending all again is safe."""


class SqsQueue:
    """Implements `loyalty.services.ports.WorkQueue`."""

    def __init__(self, aws: Aws, *, queue_url: str) -> None:
        self._aws = aws
        self._queue_url = queue_url

    def send(
        self, messages: Iterable[Mapping[str, object]], *, delay: timedelta = timedelta(0)
    ) -> None:
        """Send all messages, ten a request; raise `MessagesNotTaken` when the queue refuses any."""
        rest = iter(messages)
        while batch := list(islice(rest, BATCH_LIMIT)):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageBody": json.dumps(message),
                    "DelaySeconds": delay // timedelta(seconds=1),
                }
                for number, message in enumerate(batch)
            ]
            client = self._aws.client("sqs")
            answer = client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            if failed := answer.get("Failed"):
                raise MessagesNotTaken([failure["Code"] for failure in failed])


class SqsDeadLetters:
    """Implements `loyalty.services.ports.DeadLetters`."""

    def __init__(self, aws: Aws, *, queue_url: str) -> None:
        self._aws = aws
        self._queue_url = queue_url

    def put(self, body: str, *, reason: str) -> None:
        self._aws.client("sqs").send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
        )
