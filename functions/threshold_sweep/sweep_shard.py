"""Lets those of one shard cross who are past the lowered threshold."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.sweeps import ShardSweepTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.sweep_threshold import sweep_shard


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = ShardSweepTask.model_validate(event)
    swept = sweep_shard(
        task.sweep_id, task.shard, reports=composition.report_store(), **composition.member_ports()
    )
    for member_id in swept.failed:
        logger.error("not swept", member_id=member_id)
    return swept.model_dump(mode="json")
