"""Starts an upgrade's execution: one that needs a yes, one by an order, or one with a gift."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.tier_events import TierChanged, TierUpgradeProposed
from loyalty.contracts.tier_upgrades import UpgradeInput, UpgradeReason
from loyalty.runtime import composition, tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import start_upgrade


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, TierUpgradeProposed | TierChanged):
        raise UnknownEvent(type(fact).__name__)
    if fact.data.upgrade_id is None:
        return  # down again
    reason: UpgradeReason = "proposed"
    if isinstance(fact, TierChanged):
        reason = "order" if fact.data.reason == "order" else "upgraded"
    upgrade = UpgradeInput(
        upgrade_id=fact.data.upgrade_id,
        member_id=fact.data.member_id,
        to_tier=fact.data.to_tier,
        reason=reason,
        correlation_id=fact.metadata.correlation_id,
        started_at=composition.clock().now(),
    )
    started = start_upgrade(upgrade, **tasking.start_ports())
    logger.info("upgrade", upgrade_id=upgrade.upgrade_id, reason=upgrade.reason, started=started)
