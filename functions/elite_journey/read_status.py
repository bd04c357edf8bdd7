"""Reads where the customer stands."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import MemberTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.journey_answers import read_status


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = MemberTask.model_validate(event)
    return read_status(task.member_id, store=composition.member_store()).model_dump(mode="json")
