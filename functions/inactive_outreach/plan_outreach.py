"""Fixes the time of the run and lists the shards of customers who are due."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.outreach import plan_outreach


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return plan_outreach(clock=composition.clock()).model_dump(mode="json")
