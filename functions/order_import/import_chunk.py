"""Accepts one chunk's orders and returns."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.import_orders import import_chunk


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    logger.append_keys(import_id=event["import_id"], chunk=event["chunk"])
    report = import_chunk(
        event["import_id"],
        event["chunk"],
        event["key"],
        historic=event["historic"],
        **composition.import_chunk_ports(),
    )
    logger.info("imported", accepted=report.accepted, rejected=report.rejected)
    return report.model_dump(mode="json")
