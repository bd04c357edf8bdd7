"""Adds up what the shards report."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.engagement_reviews import ReviewSummaryTask
from loyalty.runtime import engaging
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.engagement_review import summarize_review


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ReviewSummaryTask.model_validate(event)
    report = summarize_review(task.review_id, task.month, **engaging.review_summary_ports())
    logger.info("reviewed", month=task.month, top=report.top, lapsed=report.lapsed)
    metrics.add_metric("MembersLapsed", "Count", report.lapsed)
    return report.model_dump(mode="json")
