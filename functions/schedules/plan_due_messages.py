"""Once a day, outside quiet hours: one message per shard of members who are due a message."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import messaging
from loyalty.runtime.observability import instrumented
from loyalty.services.due_messages import plan_due_messages


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    plan_due_messages(**messaging.due_message_plan_ports())
