"""Welcomes the customer who accepted."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_messages import send_welcome


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    outcome = send_welcome(
        task.member_id, outbox=composition.outbox(), program=composition.program_store()
    )
    logger.info("welcome", member_id=task.member_id, outcome=outcome.outcome)
    return outcome.model_dump(mode="json")
