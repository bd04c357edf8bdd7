"""Once a day: one message per shard of members whose points may be due."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.release_points import plan_release


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    plan_release(**composition.release_plan_ports())
