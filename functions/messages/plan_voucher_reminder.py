"""Makes a member due a reminder of the voucher that was issued to them."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.voucher_events import VoucherIssued
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.voucher_reminder import plan_reminder


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, VoucherIssued):
        raise UnknownEvent(type(fact).__name__)
    issued = fact.data
    if issued.member_id is None or issued.expires_at is None:
        return
    planned = plan_reminder(issued.member_id, issued.expires_at, **composition.member_ports())
    logger.info("voucher reminder", voucher_id=issued.voucher_id, planned=planned)
