"""Issues the reward voucher of the tier that the member reached (W8)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.runtime import rewarding
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.tier_voucher import issue_tier_voucher


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = UpgradeTask.model_validate(event)
    voucher = issue_tier_voucher(
        task.member_id, task.upgrade_id, task.to_tier, **rewarding.creation_ports()
    )
    logger.info("voucher", member_id=task.member_id, is_issued=voucher.is_issued)
    return voucher.model_dump(mode="json")
