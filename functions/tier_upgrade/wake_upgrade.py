"""Tells the waiting execution that a task was decided, or is needed no more."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.tier_events import TaskDecided, TaskWithdrawn
from loyalty.contracts.voucher_events import RedemptionReversed
from loyalty.runtime import composition, tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.task_waits import wake_task
from loyalty.services.tier_upgrade import redeemed_gift_task_id


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if isinstance(fact, RedemptionReversed):
        ids = composition.ids()
        task_id = redeemed_gift_task_id(ids, fact.data.redemption_id, fact.data.member_id)
    elif isinstance(fact, TaskDecided | TaskWithdrawn):
        task_id = fact.data.task_id
    else:
        raise UnknownEvent(type(fact).__name__)
    woken = wake_task(task_id, **tasking.wake_ports())
    logger.info("task", task_id=task_id, woken=woken)
