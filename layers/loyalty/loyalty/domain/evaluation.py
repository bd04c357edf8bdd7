"""Points that a month earned and that are not in the ledger yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from loyalty.domain.accruals import accrue, reverse
from loyalty.domain.calendar import lot_expiry, month_end, return_window_end
from loyalty.domain.ledger import Entry, PendingPoints, Posting
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.totals import MonthTotals, posted

# Begins the business key of whatever an evaluation posts.
EVALUATION: Final = "evaluation/"


@dataclass(frozen=True, slots=True)
class MissingPoints:
    """Points that a month's ledger lacks; below zero when it has too many."""

    month: str
    points: int


def missing_points(months: Iterable[MonthTotals], up_to: str) -> tuple[MissingPoints, ...]:
    """Return what the ledger lacks of the months up to and including `up_to`, oldest first."""
    return tuple(
        MissingPoints(totals.month, totals.points_missing)
        for totals in months
        if totals.month <= up_to and totals.points_missing
    )


def evaluation_key(month: str, member_version: int) -> str:
    """Return the beginning of the business keys that one evaluation posts under."""
    return f"{EVALUATION}{month}/{member_version}/"


def post_missing(
    member: Member, up_to: str, key: str, definition: ProgramDefinition, at: datetime
) -> tuple[Member, tuple[Entry, ...]]:
    """Post what the ledger lacks of the months up to `up_to`.

    A month's points stay pending until the return window of its last day has ended, and expire with
    the points of that month.

    Returns
    -------
    tuple of Member and tuple of Entry
        One entry per month that lacked something or had too much.
    """
    account, entries = member.account, []
    zone = definition.time_zone
    for missing in missing_points(member.months, up_to):
        ended = month_end(missing.month, zone)
        posting = Posting(
            member_id=member.member_id,
            business_key=f"{key}{missing.month}",
            occurred_at=min(ended, at),
            recorded_at=at,
            reason=f"evaluation of {missing.month}",
            is_silent=True,  # the evaluation tells of it itself
        )
        place = PendingPoints(
            releases_at=return_window_end(ended, definition.pending_days, zone),
            lot_expires_at=lot_expiry(ended, definition.expiry_months, zone),
            points=abs(missing.points),
        )
        write = accrue if missing.points > 0 else reverse
        account, entry = write(account, posting, place)
        entries.append(entry)
    after = replace(member, account=account, months=posted(member.months, up_to))
    return after, tuple(entries)
