"""Adds up what the chunks report."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.import_orders import summarize_import


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    ports = composition.progress_ports()
    summary = summarize_import(event["import_id"], event["failed_chunks"], **ports)
    return summary.model_dump(mode="json")
