"""Two profiles that are one person become one; undone, they are two again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice

from loyalty.contracts.merges import MergeView
from loyalty.domain.errors import (
    MemberBusy,
    MemberNotFound,
    MergeConflict,
    MergeNotFound,
    OwnAccount,
    SameMember,
)
from loyalty.domain.journey import GONE
from loyalty.domain.member import Identity, Member
from loyalty.domain.merging import Merge, Merging, less_forfeited, merge, undo
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.services.dues import newly_due
from loyalty.services.holds import GUARD as HOLD
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

# A transaction has room for 100 items: both profiles, entries and facts, the merge, the identities.
DUE_WITHIN = 50
DUE_AT_ONCE = 100


def merge_members(
    member_id: str,
    *,
    merge_id: str,
    other_member_id: str,
    merged_by: str,
    own_member_id: str | None,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> MergeView:
    """Merge another customer into a member; each `merge_id` counts once.

    Balances, lots, pending points, what is owed, totals and identities move in one transaction; the
    other one's history stays where it is, and whoever asks for them finds the survivor.

    Requests: 3 reads and 1 transaction; 1 transaction more per 100 return windows and lots above 50
    that the other one has; 1 read for a repeat.

    Parameters
    ----------
    member_id, other_member_id
        Who survives, and who is merged into them.
    merge_id
        The caller's own id for this merge.
    merged_by, own_member_id
        The member of staff, and the member that they are themselves, if any.

    Raises
    ------
    OwnAccount
        Nobody merges their own account.
    SameMember
        Both are the same customer.
    MergeConflict
        The same merge came before with another customer, or one of the two was merged already.
    TooManyMerged
        They would be more than `merging.MAX_ABSORBED` besides the survivor.
    MemberNotFound
        There is no such customer.
    MemberBusy
        Others kept changing the two.
    """
    if own_member_id in (member_id, other_member_id):
        raise OwnAccount("nobody merges their own account")
    if member_id == other_member_id:
        raise SameMember(member_id)

    def decide() -> MergeView:
        now = clock.now()
        definition = program.current(now)
        known = store.merge(member_id, merge_id)
        if known is not None:
            if known.other_member_id != other_member_id:
                raise MergeConflict(merge_id)
            return _view(known, definition)
        survivor = _unmerged(store, member_id)
        other = _unmerged(store, other_member_id)
        merging = merge(survivor, other, merge_id=merge_id, merged_by=merged_by, now=now)
        _write_ahead(
            store,
            newly_due(survivor.account, merging.survivor),
            MemberChange(
                member=merging.survivor,
                expected_version=survivor.version,
                entries=merging.entries_of_survivor,
                status_changes=(merging.fact_of_survivor,),
                claims=other.identities,
                claims_from=other.member_id,
                merges=(merging.merge,),
            ),
            _change_of_other(merging, other),
            now,
        )
        return _view(merging.merge, definition)

    return with_retries(decide)


def undo_merge(
    member_id: str,
    merge_id: str,
    *,
    undone_by: str,
    own_member_id: str | None,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> MergeView:
    """Give the other customer back what came from them and is still there; again is fine.

    Requests: 3 reads and 1 transaction (more as for `merge_members`); 1 read for a repeat.

    Parameters
    ----------
    member_id
        The survivor.
    merge_id
        Which merge.
    undone_by, own_member_id
        The member of staff, and the member that they are themselves, if any.

    Raises
    ------
    MergeNotFound
        There is no such merge.
    OwnAccount
        Nobody undoes a merge of their own account.
    MergeIsFinal
        It is too late, or a later merge comes first.
    MemberBusy
        Others kept changing the two.
    """

    def decide() -> MergeView:
        now = clock.now()
        definition = program.current(now)
        known = store.merge(member_id, merge_id)
        if known is None:
            raise MergeNotFound(merge_id)
        if own_member_id in (member_id, known.other_member_id):
            raise OwnAccount("nobody undoes a merge of their own account")
        if known.undone_at is not None:
            return _view(known, definition)
        survivor, other = store.member(member_id), store.member(known.other_member_id)
        if survivor is None or other is None:
            raise MemberNotFound(member_id)
        merging = undo(
            _less_forfeited(known, store),
            survivor,
            other,
            undone_by=undone_by,
            undo_days=definition.undo_merge_days,
            now=now,
        )
        change_of_other = replace(
            _change_of_other(merging, other),
            claims=_still_owned(other, survivor),
            claims_from=member_id,
        )
        _write_ahead(
            store,
            newly_due(other.account, merging.other),
            change_of_other,
            MemberChange(
                member=merging.survivor,
                expected_version=survivor.version,
                entries=merging.entries_of_survivor,
                status_changes=(merging.fact_of_survivor,),
                merges=(merging.merge,),
            ),
            now,
        )
        return _view(merging.merge, definition)

    return with_retries(decide)


def _unmerged(store: MemberStore, member_id: str) -> Member:
    member = store.member(member_id)
    if member is not None and member.merged_into is not None:
        raise MergeConflict(f"{member_id} was merged already")
    if member is None or member.status in GONE:
        raise MemberNotFound(member_id)
    return member


def _less_forfeited(known: Merge, store: MemberStore) -> Merge:
    """Leave out what was held and rejected since the merge: 2 reads per part that was held then.

    The order may be of somebody who had been merged into the other one before.
    """
    for part in known.share.account.pending:
        if part.held_by is None or not part.points:
            continue
        order = store.order_context(OrderKey.of_cause(part.held_by)).order
        if order is None or order.member_id is None:
            continue
        rejected = store.guard(order.member_id, HOLD, order.key.cause)
        if rejected is None:
            continue
        # The bonus of an offer is in no totals of days.
        is_bonus = part.held_by != order.key.cause
        counted_on = date.fromisoformat(str(rejected.request["counted_on"]))
        known = less_forfeited(known, part, None if is_bonus else counted_on)
    return known


def _still_owned(other: Member, survivor: Member) -> tuple[Identity, ...]:
    return tuple(identity for identity in other.identities if identity in survivor.identities)


def _change_of_other(merging: Merging, other: Member) -> MemberChange:
    return MemberChange(
        member=merging.other,
        expected_version=other.version,
        entries=merging.entries_of_other,
        status_changes=(merging.fact_of_other,),
    )


def _write_ahead(
    store: MemberStore,
    dues: tuple[Due, ...],
    taker: MemberChange,
    giver: MemberChange,
    now: datetime,
) -> None:
    """Write both changes and the taker's due items, as many of them as fit with the changes.

    The rest lies in the future and is written before: a due item that turns out to be for nothing
    does no harm, one that is missing would. One that is due already might be struck off at once.
    """
    soonest_first = sorted(dues, key=lambda due: due.due_at)
    later = soonest_first[DUE_WITHIN:]
    if later and later[0].due_at <= now:
        raise MemberBusy("releases and expiries are behind")
    ahead = iter(later)
    while some := tuple(islice(ahead, DUE_AT_ONCE)):
        store.commit(MemberChange(None, due=some))
    store.commit(replace(taker, due=tuple(soonest_first[:DUE_WITHIN])), giver)


def _view(known: Merge, definition: ProgramDefinition) -> MergeView:
    return MergeView(
        merge_id=known.merge_id,
        member_id=known.member_id,
        other_member_id=known.other_member_id,
        state="undone" if known.undone_at else "merged",
        merged_at=known.merged_at,
        undoable_until=known.merged_at + timedelta(days=definition.undo_merge_days),
    )
