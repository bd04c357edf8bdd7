"""Counts what vouchers saved their members: a figure of statements and profiles."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.voucher_events import VoucherRedeemed, VoucherRolledBack
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.savings import count_saving


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    match fact:
        case VoucherRedeemed(data=used):
            sign = 1
        case VoucherRolledBack(data=used) if used.undone == "redeemed":
            sign = -1
        case VoucherRolledBack():
            return
        case other:
            raise UnknownEvent(type(other).__name__)
    if used.member_id is None or not used.amount_minor:
        return
    counted = count_saving(
        used.member_id,
        used.voucher_id,
        used.voucher_version,
        sign * used.amount_minor,
        store=composition.member_store(),
    )
    logger.info("saving", member_id=used.member_id, counted=counted)
