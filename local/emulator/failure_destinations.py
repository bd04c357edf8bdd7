"""Where a stream batch goes that no retry could save."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import ministack.app
from ministack.core.arn import parse_arn
from ministack.services import s3, sqs

_SHARD_ID = "shardId-00000000000000000000-00000000"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailedBatch:
    """What is known about the batch when it is given up."""

    mapping: dict[str, Any]
    function_config: dict[str, Any]
    condition: str
    attempts: int
    records: list[dict[str, Any]]
    result: dict[str, Any]

    def invocation_record(self) -> dict[str, Any]:
        """Return AWS's invocation record, without the records themselves."""
        first, last = self.records[0]["dynamodb"], self.records[-1]["dynamodb"]
        return {
            "requestContext": {
                "requestId": str(uuid4()),
                "functionArn": self.function_config["FunctionArn"],
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": self.result.get("function_error"),
            },
            "version": "1.0",
            "timestamp": _iso(time.time()),
            "DDBStreamBatchInfo": {
                "shardId": _SHARD_ID,
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
                "batchSize": len(self.records),
                "streamArn": self.mapping["EventSourceArn"],
            },
        }


def send(batch: FailedBatch) -> None:
    """Send the batch to its mapping's on-failure destination, if it has one.

    A queue gets what AWS sends to it: positions, no records. A bucket gets the records too.
    """
    configuration = batch.mapping.get("DestinationConfig") or {}
    destination = (configuration.get("OnFailure") or {}).get("Destination")
    if not destination:
        logger.error("batch lost: %s has no on-failure destination", batch.mapping["UUID"])
        return
    service = parse_arn(destination).service
    if service == "sqs":
        _send_to_queue(destination, batch)
    elif service == "s3":
        _put_into_bucket(destination, batch)
    else:
        logger.error("batch lost: a destination such as %s is not supported", destination)


def _send_to_queue(queue_arn: str, batch: FailedBatch) -> None:
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        logger.error("batch lost: there is no queue %s", queue_arn)
        return
    message = {"QueueUrl": queue["url"], "MessageBody": json.dumps(batch.invocation_record())}
    sqs._act_send_message(message, queue["url"])


def _put_into_bucket(bucket_arn: str, batch: FailedBatch) -> None:
    bucket = bucket_arn.rpartition(":")[2]
    now = datetime.now(UTC)
    key = (
        f"aws/lambda/{batch.mapping['UUID']}/{_SHARD_ID}/{now:%Y/%m/%d}/"
        f"{now:%Y-%m-%dT%H.%M.%S}-{uuid4()}"
    )
    content = {**batch.invocation_record(), "payload": json.dumps({"Records": batch.records})}
    status, _, body = ministack.app.call_service_handler_sync(
        s3.handle_request, "PUT", f"/{bucket}/{key}", {}, json.dumps(content).encode(), {}
    )
    if status >= 300:
        logger.error("batch lost: %s answered %s %r", bucket_arn, status, body)


def _iso(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
