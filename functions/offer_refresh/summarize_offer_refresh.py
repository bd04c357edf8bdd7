"""Adds up what the shards report."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.offer_refreshes import RefreshTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.refresh_offers import summarize_refresh


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = RefreshTask.model_validate(event)
    report = summarize_refresh(
        task.refresh_id, reports=composition.report_store(), clock=composition.clock()
    )
    logger.info("refreshed", refreshed=report.refreshed, failed=len(report.failed))
    metrics.add_metric("OffersRefreshed", "Count", report.refreshed)
    return report.model_dump(mode="json")
