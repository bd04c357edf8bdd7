"""Two profiles that are one person become one, and two again when that was a mistake.

The survivor takes over everything that can be spent, counted or found; the other one becomes a
tombstone that names the survivor and keeps its history. What came from the other is remembered
apart, less what returns of its orders take back later: an undo gives back as much of it as is still
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from loyalty.domain.errors import MergeIsFinal, TooManyMerged
from loyalty.domain.journey import status_change
from loyalty.domain.ledger import Account, Entry, PendingPoints, Posting
from loyalty.domain.member import Channel, Consent, Member, Preference, StatusChange
from loyalty.domain.merged_profile import (
    Crossing,
    EliteStanding,
    added,
    crossing,
    elite,
    giving_back,
    standing_as,
    taking_over,
)
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn
from loyalty.domain.returns import purchase_back
from loyalty.domain.shares import (
    Repaid,
    less_repaid,
    move,
    still_there,
    unpaid,
    whole,
    with_back,
    without,
)
from loyalty.domain.tiers import TierStanding
from loyalty.domain.totals import (
    DayTotals,
    MonthTotals,
    Purchase,
    count_in_days,
    count_in_months,
)

# What all of them have is read one by one, such as vouchers: a person has a few profiles at most.
MAX_ABSORBED: Final = 20


@dataclass(frozen=True, slots=True)
class Share:
    """What of the survivor came from the other one: points, spend and totals."""

    account: Account = field(default_factory=Account)
    lifetime_spend_minor: int = 0
    months: tuple[MonthTotals, ...] = ()
    days: tuple[DayTotals, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge of `other_member_id` into `member_id`; no personal data.

    `share` is what an undo gives back at most; what one of the two `repaid` for the other at the
    merge is not in it, and is owed again. `other_was` and `survivor_was` are where the two
    stood before; `survivor_joined_at` (None: was no member), `gave_name` and what else is the
    survivor's are what an undo needs to leave them as they would be.
    """

    merge_id: str
    member_id: str
    other_member_id: str
    merged_at: datetime
    merged_by: str
    share: Share
    other_was: EliteStanding
    survivor_was: EliteStanding
    survivor_joined_at: datetime | None
    survivor_consents: Mapping[Channel, Consent]
    gave_name: bool
    survivor_crossing: Crossing = field(default_factory=Crossing)
    survivor_suppressed: tuple[Channel, ...] = ()
    survivor_preferences: Mapping[Preference, bool] = field(default_factory=dict)
    repaid: Repaid = field(default_factory=Repaid)
    undone_at: datetime | None = None
    undone_by: str | None = None


class Merging(NamedTuple):
    """Both members one version further, with what to write beside them."""

    merge: Merge
    survivor: Member
    other: Member
    entries_of_survivor: tuple[Entry, ...]
    entries_of_other: tuple[Entry, ...]
    fact_of_survivor: StatusChange
    fact_of_other: StatusChange


def merge(
    survivor: Member, other: Member, *, merge_id: str, merged_by: str, now: datetime
) -> Merging:
    """Move all that `other` has to `survivor`, and leave a tombstone.

    Parameters
    ----------
    survivor, other
        As they are stored, both present.
    merge_id, merged_by
        The caller's id for it, and who it is.
    now
        When it happens.

    Raises
    ------
    TooManyMerged
        The survivor would have absorbed more than `MAX_ABSORBED`, directly or not.
    """
    if len(survivor.absorbed) + len(other.member_ids) > MAX_ABSORBED:
        raise TooManyMerged(survivor.member_id)
    giving = _posting(other, f"merge/{merge_id}", f"merged into {survivor.member_id}", now)
    taking = _posting(survivor, f"merge/{merge_id}", f"merged from {other.member_id}", now)
    moved = move(other.account, survivor.account, whole(other.account), giving, taking)
    repaid = Repaid(moved.repaid, by_survivor=other.account.owed > 0)
    merged = Merge(
        merge_id=merge_id,
        member_id=survivor.member_id,
        other_member_id=other.member_id,
        merged_at=now,
        merged_by=merged_by,
        share=Share(
            account=less_repaid(replace(other.account, entries=0), repaid),
            lifetime_spend_minor=other.lifetime_spend_minor,
            months=other.months,
            days=other.days,
        ),
        other_was=elite(other),
        survivor_was=elite(survivor),
        survivor_joined_at=survivor.joined_at,
        survivor_consents=survivor.consents,
        gave_name=survivor.name is None and other.name is not None,
        survivor_crossing=crossing(survivor),
        survivor_suppressed=tuple(survivor.suppressed),
        survivor_preferences=survivor.preferences,
        repaid=repaid,
    )
    tombstone = replace(
        other,
        version=other.version + 1,
        account=moved.giver,
        status="merged",
        merged_into=survivor.member_id,
        merge_id=merge_id,
        lifetime_spend_minor=0,
        months=(),
        days=(),
    )
    after = replace(
        taking_over(survivor, other),
        version=survivor.version + 1,
        account=moved.taker,
    )
    after = _counting(after, merged.share, 1)
    # A survivor who was no member takes the other one's place among the members of their tier.
    ended_tier = other.tier if survivor.enrolled else None
    return Merging(
        merge=merged,
        survivor=after,
        other=tombstone,
        entries_of_survivor=moved.taken,
        entries_of_other=moved.given,
        fact_of_survivor=_fact("MemberAbsorbed", survivor, after, merged, now),
        fact_of_other=_fact("MemberMerged", other, tombstone, merged, now, tier=ended_tier),
    )


def undo(
    merged: Merge, survivor: Member, other: Member, *, undone_by: str, undo_days: int, now: datetime
) -> Merging:
    """Give the other one back what came from them and is still there.

    Parameters
    ----------
    merged
        A merge that was not undone.
    survivor, other
        As they are stored.
    undone_by
        Who asks for it.
    undo_days
        For how many times 24 hours a merge can be undone.
    now
        When it happens.

    Raises
    ------
    MergeIsFinal
        It is too late, or the survivor was merged into somebody else since.
    """
    if now > merged.merged_at + timedelta(days=undo_days):
        raise MergeIsFinal(f"{undo_days} days are over")
    if survivor.merged_into is not None or other.merge_id != merged.merge_id:
        raise MergeIsFinal("a later merge comes first")
    giving = _posting(survivor, f"unmerge/{merged.merge_id}", "merge undone", now)
    taking = _posting(other, f"unmerge/{merged.merge_id}", "merge undone", now)
    back = still_there(merged.share.account, survivor.account)
    again = unpaid(merged.repaid, now)
    moved = move(survivor.account, other.account, back, giving, taking, besides=again)
    left = replace(
        giving_back(survivor, other, merged),
        version=survivor.version + 1,
        account=moved.giver,
    )
    left = _counting(left, merged.share, -1)
    if merged.survivor_joined_at is None and moved.giver.is_empty:
        left = replace(left, joined_at=None, standing=TierStanding())
    restored = replace(
        standing_as(other, merged.other_was),
        version=other.version + 1,
        account=moved.taker,
        merged_into=None,
        merge_id=None,
    )
    restored = _counting(restored, merged.share, 1)
    undone = replace(merged, undone_at=now, undone_by=undone_by)
    begun_tier = other.tier if left.enrolled else None
    return Merging(
        merge=undone,
        survivor=left,
        other=restored,
        entries_of_survivor=moved.given,
        entries_of_other=moved.taken,
        fact_of_survivor=_fact("MergeUndone", survivor, left, merged, now),
        fact_of_other=_fact("MergeUndone", other, restored, merged, now, tier=begun_tier),
    )


def less_return(
    merged: Merge, order: AcceptedOrder, accepted: AcceptedReturn, entries: tuple[Entry, ...]
) -> Merge:
    """Take a return of one of the other's orders, counted at the survivor, out of the share.

    Parameters
    ----------
    merged
        The merge that the return followed.
    order, accepted
        The order of the other one, and what came back of it.
    entries
        What the return posted at the survivor.
    """
    share = less_entries(merged, entries).share
    spend_minor = max(0, share.lifetime_spend_minor - accepted.eligible_minor)
    share = replace(share, lifetime_spend_minor=spend_minor)
    if order.counted_on is not None:
        back = purchase_back(order, accepted.eligible_minor, accepted.points)
        share = replace(
            share,
            months=count_in_months(share.months, order.counted_on, back),
            days=count_in_days(share.days, order.counted_on, back),
        )
    return replace(merged, share=share)


def less_entries(merged: Merge, entries: tuple[Entry, ...]) -> Merge:
    """Take what was taken back of the other one's, at the survivor, out of the share's points."""
    account = merged.share.account
    for entry in entries:
        account = without(account, entry)
    return replace(merged, share=replace(merged.share, account=account))


def with_given_back(merged: Merge, entry: Entry) -> Merge:
    """Add what was given back to the other one, at the survivor, to the share's points."""
    account = with_back(merged.share.account, entry)
    return replace(merged, share=replace(merged.share, account=account))


def less_forfeited(merged: Merge, held: PendingPoints, counted_on: date | None) -> Merge:
    """Take held points of the share, which were rejected since, out of it and its totals.

    Those that are `counted_on` no day are in no totals.
    """
    share = merged.share
    pending = tuple(part for part in share.account.pending if part != held)
    share = replace(share, account=replace(share.account, pending=pending))
    if counted_on is not None:
        less = Purchase(points_due=-held.points, points_posted=-held.points)
        share = replace(
            share,
            months=count_in_months(share.months, counted_on, less),
            days=count_in_days(share.days, counted_on, less),
        )
    return replace(merged, share=share)


def _counting(member: Member, share: Share, sign: int) -> Member:
    """Add a share's spend and totals to a member's, or take them out with `sign` −1."""
    months, days = member.months, member.days
    for month in share.months:
        bought = Purchase(
            spend_minor=sign * month.spend_minor,
            returned_minor=sign * month.returned_minor,
            points_due=sign * month.points_due,
            points_posted=sign * month.points_posted,
            orders=sign * month.orders,
        )
        months = count_in_months(months, date.fromisoformat(f"{month.month}-01"), bought)
    for day in share.days:
        bought = Purchase(
            spend_minor=sign * day.spend_minor,
            returned_minor=sign * day.returned_minor,
            points_due=sign * day.points,
            orders=sign * day.orders,
        )
        days = tuple(
            replace(counted, earns=added(counted.earns, day.earns, sign))
            if counted.day == day.day
            else counted
            for counted in count_in_days(days, day.day, bought)
        )
    return replace(
        member,
        lifetime_spend_minor=max(
            0, member.lifetime_spend_minor + sign * share.lifetime_spend_minor
        ),
        months=tuple(month for month in months if month != MonthTotals(month.month)),
        days=tuple(day for day in days if day != DayTotals(day.day)),
    )


def _posting(member: Member, key: str, reason: str, now: datetime) -> Posting:
    return Posting(
        member.member_id, key, occurred_at=now, recorded_at=now, reason=reason, is_silent=True
    )


def _fact(
    event: str,
    before: Member,
    after: Member,
    merged: Merge,
    now: datetime,
    *,
    tier: str | None = None,
) -> StatusChange:
    data = {
        "merge_id": merged.merge_id,
        "survivor_id": merged.member_id,
        "other_member_id": merged.other_member_id,
        "tier": tier,
        "variant": after.variant,
        "variant_before": before.variant,
    }
    return status_change(before, after, event, now, data)
