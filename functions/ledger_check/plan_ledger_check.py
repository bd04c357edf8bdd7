"""Lists the shards of members."""

from __future__ import annotations

from typing import Any

from loyalty.runtime.observability import instrumented
from loyalty.services.check_ledger import plan_check


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return plan_check(event["check_id"]).model_dump(mode="json")
