"""Takes what came back off what was bought (W3)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import SpendTask
from loyalty.runtime.observability import instrumented
from loyalty.services.evaluate_member import calculate_total_spend


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = SpendTask.model_validate(event)
    return calculate_total_spend(task.transactions).model_dump(mode="json")
