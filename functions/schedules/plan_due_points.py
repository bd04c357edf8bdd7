"""Once a day: one message per kind of work and shard of members whose points are due."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.due_points import plan_due_points


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    plan_due_points(**composition.due_ports())
