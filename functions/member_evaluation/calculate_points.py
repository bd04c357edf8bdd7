"""Works out what the month should have earned (W4)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import PointsTask
from loyalty.runtime.observability import instrumented
from loyalty.services.evaluate_member import calculate_points


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = PointsTask.model_validate(event)
    return calculate_points(task.month, task.transactions).model_dump(mode="json")
