"""Curates the offers of one shard's members anew."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.offer_refreshes import ShardRefreshTask
from loyalty.runtime import offering
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.refresh_offers import refresh_shard


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ShardRefreshTask.model_validate(event)
    refreshed = refresh_shard(task.refresh_id, task.shard, **offering.refresh_ports())
    for member_id in refreshed.failed:
        logger.error("not refreshed", member_id=member_id)
    return refreshed.model_dump(mode="json")
