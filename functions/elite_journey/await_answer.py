"""Keeps the token that wakes the journey when the customer answers."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import AwaitTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.journey_answers import await_answer


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    task = AwaitTask.model_validate(event)
    await_answer(task.member_id, task.task_token, **composition.await_ports())
