"""Writes down whom to evaluate."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.cycles import PlanTask
from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.program_cycle import plan_cycle


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = PlanTask.model_validate(event)
    ports = reporting.cycle_plan_ports()
    plan = plan_cycle(task.cycle_id, task.month, task.scheduled_at, **ports)
    logger.info("planned", cycle_id=plan.cycle_id, members=plan.members)
    return plan.model_dump(mode="json")
