"""Congratulates the member by e-mail (W11)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.runtime import composition, messaging
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade_mail import send_tier_upgrade_email


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = UpgradeTask.model_validate(event)
    outcome = send_tier_upgrade_email(
        task.member_id,
        task.upgrade_id,
        task.to_tier,
        outbox=composition.outbox(),
        program=composition.program_store(),
        queue=messaging.messages_queue(),
    )
    logger.info("tier upgrade", member_id=task.member_id, outcome=outcome.outcome)
    return outcome.model_dump(mode="json")
