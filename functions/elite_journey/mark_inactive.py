"""Moves a customer who stayed silent to inactive, unless the answer was faster."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_answers import mark_inactive


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    outcome = mark_inactive(task.member_id, **composition.member_ports())
    logger.info("window over", member_id=task.member_id, status=outcome.status)
    return outcome.model_dump(mode="json")
