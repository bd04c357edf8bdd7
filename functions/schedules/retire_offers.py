"""Once a day: offers that have expired are retired."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition, offering
from loyalty.runtime.observability import instrumented
from loyalty.services.retire_offers import retire_expired_offers


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    now = composition.clock().now()
    return {"retired": retire_expired_offers(now, offers=offering.offer_store())}
