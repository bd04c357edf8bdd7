"""Lists the shards of members if somebody's threshold has become lower."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.sweep_threshold import plan_sweep


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    plan = plan_sweep(
        event["sweep_id"], reports=composition.report_store(), **composition.program_ports()
    )
    logger.info("planned", program_version=plan.program_version, shards=len(plan.shards))
    return plan.model_dump(mode="json")
