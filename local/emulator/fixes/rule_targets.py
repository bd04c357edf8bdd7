"""An event whose target does not exist goes to the rule's dead-letter queue.

Raw MiniStack drops it with a line in its log. AWS sends it to the queue in the target's
``DeadLetterConfig``, with the reason in message attributes. (A Lambda that is there but
fails is another matter: that is an asynchronous invocation with its own retries and
destination, see ``async_invocations``.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

logger = logging.getLogger(__name__)

_EXISTS: dict[str, Callable[[str], bool]] = {
    "lambda": lambda arn: lambda_svc._get_func_record_for_ref(arn)[0] is not None,
    "sqs": lambda arn: sqs._queue_by_arn(arn) is not None,
    "states": lambda arn: arn in stepfunctions._state_machines,
}


def apply() -> None:
    invoke = eventbridge._invoke_target

    def invoke_or_bury(
        target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
    ) -> None:
        arn = target["Arn"]
        exists = _EXISTS.get(arn.split(":")[2])
        if exists is None or exists(arn):
            invoke(target, event, rule, view)
        else:
            _bury(target, event, rule)

    eventbridge._invoke_target = invoke_or_bury


def _bury(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any]) -> None:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    queue = sqs._queue_by_arn(queue_arn) if queue_arn else None
    if queue is None:
        logger.error("event lost: rule %s has no target %s", rule["Name"], target["Arn"])
        return
    reasons = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "The target does not exist.",
    }
    message = {
        "QueueUrl": queue["url"],
        "MessageBody": json.dumps(eventbridge._pattern_event_view(event).event_with_detail()),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in reasons.items()
        },
    }
    sqs._act_send_message(message, queue["url"])
