"""Says which month is judged and lists the shards of members."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.engagement_reviews import ReviewPlanTask
from loyalty.runtime import engaging
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.engagement_review import plan_review


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ReviewPlanTask.model_validate(event)
    plan = plan_review(
        task.review_id, task.month, task.scheduled_at, **engaging.review_plan_ports()
    )
    logger.info("planned", month=plan.month)
    return plan.model_dump(mode="json")
