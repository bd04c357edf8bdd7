"""Counts what all customers buy, and what they buy together."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.offer_refreshes import RefreshTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.refresh_offers import count_co_purchases


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = RefreshTask.model_validate(event)
    counted = count_co_purchases(task.refresh_id, objects=composition.object_store())
    logger.info("counted", skus=counted.skus, categories=counted.categories)
    return counted.model_dump(mode="json")
