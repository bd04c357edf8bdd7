"""Compares what the member bought with the tiers' thresholds (W5)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import EligibilityTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.evaluate_member import determine_tier_eligibility


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = EligibilityTask.model_validate(event)
    eligibility = determine_tier_eligibility(
        task.member, task.month, task.transactions, **composition.program_ports()
    )
    return eligibility.model_dump(mode="json")
