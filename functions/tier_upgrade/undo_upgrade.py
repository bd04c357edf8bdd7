"""Takes back the task and the voucher of an upgrade that a return undid."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.contracts.tier_events import TierChanged, TierUpgradeWithdrawn
from loyalty.runtime import tasking
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_upgrade import undo_upgrade, withdraw_review


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if isinstance(fact, TierUpgradeWithdrawn):
        withdrawn = withdraw_review(fact.data.upgrade_id, **tasking.withdraw_ports())
        logger.info("review", upgrade_id=fact.data.upgrade_id, withdrawn=withdrawn)
    elif not isinstance(fact, TierChanged):
        raise UnknownEvent(type(fact).__name__)
    elif fact.data.undone_upgrade_id is not None:
        undone = fact.data.undone_upgrade_id
        withdrawn = undo_upgrade(undone, **tasking.undo_ports())
        logger.info("gift", upgrade_id=undone, withdrawn=withdrawn)
