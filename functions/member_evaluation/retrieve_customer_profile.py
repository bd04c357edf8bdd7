"""Reads the tier and the points balance (W1)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import EvaluationInput
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.evaluate_member import retrieve_customer_profile


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = EvaluationInput.model_validate(event)
    profile = retrieve_customer_profile(task.member_id, task.month, **composition.member_ports())
    return profile.model_dump(mode="json")
