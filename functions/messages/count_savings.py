"""Counts the use of vouchers for their members: what was saved, and that a benefit was used."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.voucher_events import VoucherRedeemed, VoucherRolledBack
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.savings import Saving, count_saving


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    match fact:
        case VoucherRedeemed(data=used):
            redeemed_at = fact.metadata.occurred_at
        case VoucherRolledBack(data=used) if used.undone == "redeemed":
            redeemed_at = used.redeemed_at or fact.metadata.occurred_at
        case VoucherRolledBack():
            return
        case other:
            raise UnknownEvent(type(other).__name__)
    member_id = used.member_id or used.redeemed_by
    if member_id is None:
        return
    saving = Saving(
        voucher_id=used.voucher_id,
        voucher_version=used.voucher_version,
        amount_minor=used.amount_minor or 0,
        redeemed_at=redeemed_at,
        is_undone=isinstance(fact, VoucherRolledBack),
    )
    counted = count_saving(member_id, saving, **composition.member_ports())
    logger.info("voucher use", member_id=member_id, counted=counted)
