"""Starts the execution that waits on where this one, almost a year old, ends."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.tier_upgrades import ContinueStep
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import continue_upgrade


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    step = ContinueStep.model_validate(event)
    successor = continue_upgrade(step, **tasking.hand_over_ports(step.machine_arn))
    logger.info("handed over", upgrade_id=step.upgrade.upgrade_id, successor=successor)
    return {"successor": successor}
