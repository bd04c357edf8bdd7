"""Sends the messages that are due; one message of the queue is one shard of members."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.runtime import batch, messaging
from loyalty.runtime.observability import instrumented
from loyalty.services.due_messages import send_due_messages


def work(message: batch.Message) -> None:
    until = datetime.fromisoformat(message["until"])
    send_due_messages(message["shard"], until, message.get("kind"), **messaging.due_message_ports())


@instrumented
def handler(event: dict[str, Any], context: Any) -> Any:
    return batch.work_through(event, work)
