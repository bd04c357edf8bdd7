"""Writes what the customers of one shard like, without their ids."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.offer_refreshes import ShardRefreshTask
from loyalty.runtime import offering
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.refresh_offers import export_tastes


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ShardRefreshTask.model_validate(event)
    exported = export_tastes(task.refresh_id, task.shard, **offering.taste_ports())
    logger.info("exported", shard=exported.shard, customers=exported.customers)
    return exported.model_dump(mode="json")
