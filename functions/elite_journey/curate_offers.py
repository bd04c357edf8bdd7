"""Curates the offers of the customer who accepted."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import offering
from loyalty.runtime.observability import instrumented, logger


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    is_new = offering.curator().curate(task.member_id)
    logger.info("curated", member_id=task.member_id, is_new=is_new)
    return {"curated": is_new}
