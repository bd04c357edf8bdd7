"""Suppresses addresses that bounced for good, and people who complained."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.mail_feedback import MailFeedbackEvent
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.feedback import suppress_email


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    feedback = MailFeedbackEvent.model_validate(event).detail
    if feedback.reason is None or feedback.member_id is None:
        return
    suppressed = suppress_email(
        feedback.member_id,
        feedback.reason,
        store=composition.member_store(),
        clock=composition.clock(),
    )
    logger.info("mail feedback", member_id=feedback.member_id, suppressed=suppressed)
