"""Tells the member of posted points (W12)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import PointsAlertTask
from loyalty.runtime import messaging
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.points_sms import send_points_sms


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = PointsAlertTask.model_validate(event)
    outcome = send_points_sms(
        task.member_id, task.month, task.points, outbox=messaging.sms_outbox()
    )
    logger.info("points message", member_id=task.member_id, outcome=outcome.outcome)
    return outcome.model_dump(mode="json")
