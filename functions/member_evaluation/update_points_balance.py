"""Posts the points that the ledger lacks (W6)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import BalanceTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.evaluate_member import update_points_balance


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = BalanceTask.model_validate(event)
    updated = update_points_balance(
        task.member, task.month, task.transactions, **composition.member_ports()
    )
    logger.info("points", member_id=task.member.member_id, points=updated.points_posted)
    return updated.model_dump(mode="json")
