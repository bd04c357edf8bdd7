"""Lets a manager's no take effect."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import reject_upgrade


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    upgrade = UpgradeTask.model_validate(event)
    reject_upgrade(upgrade, **composition.member_ports())
    logger.info("rejected", upgrade_id=upgrade.upgrade_id)
