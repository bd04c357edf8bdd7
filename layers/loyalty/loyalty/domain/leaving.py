"""Leaving the program, which is not erasing: the person stays a customer like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.domain.journey import Step, status_change
from loyalty.domain.ledger import (
    EXPIRED,
    Account,
    Changes,
    Entry,
    LotChange,
    PendingChange,
    Posting,
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
    return Step(left, (status_change(member, left, "MemberLeft", at, {"tier": member.tier}),))


def forfeit(account: Account, posting: Posting) -> tuple[Account, Entry | None]:
    """Book out all points, pending ones too; what is owed stays.

    Returns
    -------
    tuple of Account and (Entry or None)
        No entry when there were no points.
    """
    lots = tuple(LotChange(lot.expires_at, -lot.points) for lot in account.lots)
    pending = tuple(
        PendingChange(part.releases_at, part.lot_expires_at, -part.points, part.held_by)
        for part in account.pending
        if part.points
    )
    if not (lots or pending):
        return account, None
    return post(account, posting, "expiry", EXPIRED, Changes(lots=lots, pending=pending))
