"""Adds up what the shards report, and notes the program version as swept."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.sweeps import SweepSummaryTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.sweep_threshold import summarize_sweep


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = SweepSummaryTask.model_validate(event)
    report = summarize_sweep(
        task.sweep_id,
        task.program_version,
        reports=composition.report_store(),
        clock=composition.clock(),
    )
    logger.info("swept", crossed=report.crossed, failed=len(report.failed))
    metrics.add_metric("CustomersSwept", "Count", report.crossed)
    return report.model_dump(mode="json")
