"""Starts the execution that waits until a gift is sent that a member paid for with points."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.voucher_events import RewardRedeemed
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import start_dispatch


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, RewardRedeemed):
        raise UnknownEvent(type(fact).__name__)
    started = start_dispatch(
        fact.data.member_id,
        fact.data.redemption_id,
        correlation_id=fact.metadata.correlation_id,
        **tasking.dispatch_ports(),
    )
    logger.info("gift", member_id=fact.data.member_id, started=started)
