"""Writes to one page of a shard's silent customers."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import OutreachTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.outreach import send_outreach


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = OutreachTask.model_validate(event)
    page = send_outreach(task, outbox=composition.outbox(), program=composition.program_store())
    logger.info("outreach", shard=task.shard, sent=page.sent, skipped=page.skipped)
    return page.model_dump(mode="json")
