"""Reminds of a task that waits, and escalates one that waits for long."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.tier_upgrades import RemindStep
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.task_waits import remind_task


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    step = RemindStep.model_validate(event)
    status = remind_task(step.task_id, step.started_at, **tasking.decision_ports())
    logger.info("reminder", task_id=status.task_id, state=status.state)
    return status.model_dump(mode="json")
