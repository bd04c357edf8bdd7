"""Where executions wait and which were started, in MembersTable."""

from __future__ import annotations

from datetime import datetime

from pynamodb.exceptions import DoesNotExist

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.member_items import RunItem, WakeUpItem


class DynamoJourneyStore:
    """Implements `loyalty.services.ports.JourneyStore`; its models must be bound."""

    def claim_run(self, machine: str, run_id: str) -> bool:
        """Claim for ever: one UpdateItem, which also tells whether the run ever started."""
        item = RunItem(*keys.run(machine, run_id))
        item.update([RunItem.item_type.set(RunItem)])
        return item.started_at is None

    def mark_run_started(self, machine: str, run_id: str, at: datetime) -> None:
        RunItem(*keys.run(machine, run_id)).update(
            [RunItem.item_type.set(RunItem), RunItem.started_at.set(at)]
        )

    def store_token(self, member_id: str, token: str, at: datetime) -> None:
        WakeUpItem(*keys.wake_up(member_id), token=token, stored_at=at).save()

    def token(self, member_id: str) -> str | None:
        try:
            return WakeUpItem.get(*keys.wake_up(member_id), consistent_read=True).token
        except DoesNotExist:
            return None
