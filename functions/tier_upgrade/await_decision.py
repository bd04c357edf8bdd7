"""Keeps the token that wakes the execution when the task is decided."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.tier_upgrades import AwaitStep
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented
from loyalty.services.task_waits import await_decision


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    step = AwaitStep.model_validate(event)
    await_decision(step.task_id, step.task_token, **tasking.await_ports())
