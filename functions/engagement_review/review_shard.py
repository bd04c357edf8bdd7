"""Judges the month of one shard's members."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.engagement_reviews import ShardReviewTask
from loyalty.runtime import engaging
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.engagement_review import review_shard


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ShardReviewTask.model_validate(event)
    reviewed = review_shard(task.review_id, task.month, task.shard, **engaging.review_shard_ports())
    for member_id in reviewed.failed:
        logger.error("not reviewed", member_id=member_id)
    return reviewed.model_dump(mode="json")
