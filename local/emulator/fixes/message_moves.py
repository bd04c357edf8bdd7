"""Messages of a dead-letter queue can be moved back (StartMessageMoveTask).

Raw MiniStack knows neither the action nor ListMessageMoveTasks. AWS moves the messages in the
background; here they are moved before the answer, so no task is ever seen running.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from ministack.services import sqs

Record = dict[str, Any]


def apply() -> None:
    done: dict[str, list[Record]] = {}

    def start(data: Record, _url: str) -> Record:
        source, destination = _queue(data.get("SourceArn")), _queue(data.get("DestinationArn"))
        moved = 0
        for message in list(source["messages"]):
            body, attributes = message["body"], message.get("message_attributes") or {}
            sent = {"MessageBody": body, "MessageAttributes": attributes}
            sqs._act_send_message({**sent, "QueueUrl": destination["url"]}, destination["url"])
            source["messages"].remove(message)
            moved += 1
        task = {
            "Status": "COMPLETED",
            "SourceArn": data["SourceArn"],
            "DestinationArn": data["DestinationArn"],
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": moved,
            "StartedTimestamp": int(time.time() * 1000),
        }
        done.setdefault(data["SourceArn"], []).insert(0, task)
        return {"TaskHandle": str(uuid4())}

    def listing(data: Record, _url: str) -> Record:
        _queue(data.get("SourceArn"))
        return {"Results": done.get(data["SourceArn"], [])[: int(data.get("MaxResults") or 1)]}

    sqs._HANDLERS.update({"StartMessageMoveTask": start, "ListMessageMoveTasks": listing})


def _queue(arn: str | None) -> Record:
    queue = sqs._queue_by_arn(arn) if arn else None
    if queue is None:
        raise sqs._Err("ResourceNotFoundException", "The queue does not exist.")
    return queue
