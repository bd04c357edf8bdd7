"""Adds up what the evaluations came to, and keeps who failed and why."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.cycles import CollectTask
from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.program_cycle import collect_results


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = CollectTask.model_validate(event)
    results = collect_results(task.cycle_id, task.manifest_key, **reporting.cycle_result_ports())
    logger.info("evaluated", evaluated=results.evaluated, failed=results.failed_members)
    metrics.add_metric("EvaluationsFailed", "Count", results.failed_members)
    return results.model_dump(mode="json", exclude={"failed"})
