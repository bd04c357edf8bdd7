"""Lets a manager's yes take effect, if the member still qualifies."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import upgrade_tier


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    upgrade = UpgradeTask.model_validate(event)
    result = upgrade_tier(upgrade, **composition.member_ports())
    logger.info("upgrade", upgrade_id=upgrade.upgrade_id, outcome=result.outcome)
    return result.model_dump(mode="json")
