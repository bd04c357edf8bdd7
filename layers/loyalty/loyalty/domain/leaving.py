"""Leaving the program, which is not erasing: the person stays a customer like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.domain.journey import Step, arm, status_change
from loyalty.domain.ledger import (
    ISSUED,
    Account,
    Changes,
    Entry,
    PendingChange,
    Posting,
    lot_changes,
    post,
)
from loyalty.domain.member import Member
from loyalty.domain.tiers import TierStanding

# Who comes back within this time finds the points again.
FORFEITED_AFTER: Final = timedelta(days=30)


def leave(member: Member, at: datetime) -> Step:
    """Let a member leave: no tier, no new points, no portal; the balance waits to be forfeited."""
    left = replace(
        member,
        version=member.version + 1,
        status="left",
        inactive_reason=None,
        status_since=at,
        joined_at=None,
        standing=TierStanding(),
        offers=(),
    )
    told = {**arm(member), "tier": member.tier}
    return Step(left, (status_change(member, left, "MemberLeft", at, told),))


def forfeit(account: Account, posting: Posting) -> tuple[Account, Entry | None]:
    """Book out all points, pending ones too, as if they had expired; what is owed stays.

    Returns
    -------
    tuple of Account and (Entry or None)
        No entry when there were no points.
    """
    changes = Changes()
    for lot in account.lots:
        changes = changes.plus(
            Changes(
                lots=lot_changes(lot.expires_at, -lot.points),
                expired=lot_changes(lot.expires_at, lot.points),
            )
        )
    for part in account.pending:
        gone = PendingChange(part.releases_at, part.lot_expires_at, -part.points, part.held_by)
        changes = changes.plus(
            Changes(pending=(gone,), expired=lot_changes(part.lot_expires_at, part.points))
        )
    if not changes.expired:
        return account, None
    return post(account, posting, "expiry", ISSUED, changes)
