"""Reminds the invited customer, by the same rules as the invite."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_messages import send_reminder


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    outcome = send_reminder(
        task.member_id, outbox=composition.outbox(), program=composition.program_store()
    )
    logger.info("reminder", member_id=task.member_id, outcome=outcome.outcome)
    return outcome.model_dump(mode="json")
