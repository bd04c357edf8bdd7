"""Cuts a file into chunks."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.import_orders import plan_import


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    plan = plan_import(event["import_id"], event["key"], **composition.import_plan_ports())
    logger.info("planned", import_id=event["import_id"], chunks=plan.chunks, lines=plan.lines)
    return plan.model_dump(mode="json")
