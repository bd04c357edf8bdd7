"""Adds up what the shards report."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.check_ledger import summarize_check


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    report = summarize_check(event["check_id"], **composition.ledger_summary_ports())
    logger.info("checked", balanced=report.balanced, violations=len(report.violations))
    metrics.add_metric("LedgerViolations", "Count", len(report.violations))
    return report.model_dump(mode="json")
