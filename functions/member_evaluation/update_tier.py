"""Moves the member to the tier decided on, or proposes the upgrade (W7)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import TierTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.evaluate_member import update_tier


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = TierTask.model_validate(event)
    updated = update_tier(task.member, task.month, task.decision, **composition.member_ports())
    logger.info("tier", member_id=task.member.member_id, tier=updated.tier)
    return updated.model_dump(mode="json")
