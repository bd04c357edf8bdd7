"""Invites counted by the hour, in ProgramTable."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty.adapters.dynamodb.attributes import sortable
from loyalty.adapters.dynamodb.program_items import InviteCountItem

# Invites that wait look at the hours to come, never back.
KEPT = timedelta(days=2)


class DynamoInviteLimiter:
    """Implements `loyalty.services.ports.InviteLimiter`; its models must be bound."""

    def take(self, hour: datetime) -> int:
        """Count one more: one UpdateItem."""
        item = InviteCountItem(f"INVITES#{sortable(hour)}", "COUNT")
        item.update(
            [
                InviteCountItem.item_type.set(InviteCountItem),
                InviteCountItem.expires_at_epoch.set(int((hour + KEPT).timestamp())),
                InviteCountItem.taken.add(1),
            ]
        )
        return item.taken
