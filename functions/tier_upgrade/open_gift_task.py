"""Asks the warehouse to send the gift that comes with a tier."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import open_gift_task


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    upgrade = UpgradeTask.model_validate(event)
    status = open_gift_task(upgrade, **tasking.upgrade_ports())
    logger.info("gift", upgrade_id=upgrade.upgrade_id, task_id=status.task_id)
    return status.model_dump(mode="json")
