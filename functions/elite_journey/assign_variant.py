"""Gives the customer a variant of the journey, with its windows."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_start import assign_variant


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    assigned = assign_variant(task.member_id, **composition.member_ports())
    logger.info("variant", member_id=task.member_id, variant=assigned.variant)
    return assigned.model_dump(mode="json")
