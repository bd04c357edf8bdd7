"""Once a day, and from the monthly cycle: vouchers that have expired are cleared away."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition, rewarding
from loyalty.runtime.observability import instrumented
from loyalty.services.remove_expired_vouchers import remove_expired_vouchers


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    now = composition.clock().now()
    report = remove_expired_vouchers(now, **rewarding.expiry_ports())
    return report.model_dump(mode="json")
