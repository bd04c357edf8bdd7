"""Making points available whose return window has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.contracts.values import iso
from loyalty.domain.ledger import Posting
from loyalty.domain.ledger import release as release_window
from loyalty.services.ports import (
    DUE_SHARDS,
    Clock,
    Due,
    MemberChange,
    MemberStore,
    WorkQueue,
)
from loyalty.services.retrying import with_retries

# So many releases of two requests each stay far below the worker's time-out.
RELEASES_PER_MESSAGE = 200


def plan_release(*, clock: Clock, queue: WorkQueue) -> None:
    """Queue one message per shard: release everything that is due by now."""
    until = iso(clock.now())
    queue.send([{"shard": shard, "until": until} for shard in range(DUE_SHARDS)])


def release_shard(
    shard: int,
    until: datetime,
    *,
    store: MemberStore,
    clock: Clock,
    queue: WorkQueue,
    limit: int = RELEASES_PER_MESSAGE,
) -> int:
    """Release what is due in a shard, and queue the shard again when that was not all.

    Parameters
    ----------
    shard
        One of `DUE_SHARDS`.
    until
        Windows that end up to here; later ones are left even when they have ended meanwhile.
    limit
        Releases at most.

    Returns
    -------
    int
        How many windows of members were released.

    Raises
    ------
    MemberBusy
        Others kept changing a member; what was released before stays released.
    """
    due_now = store.due("release", shard, until=min(until, clock.now()), limit=limit)
    released = sum(release(due, store=store, clock=clock) for due in due_now)
    if len(due_now) == limit:
        queue.send([{"shard": shard, "until": iso(until)}])
    return released


def release(due: Due, *, store: MemberStore, clock: Clock) -> bool:
    """Release one return window of one member, once.

    Requests: 1 read and 1 transaction.

    Returns
    -------
    bool
        False when there was nothing to release: the member is gone, or it was done before. The due
        item is removed then.
    """

    def decide() -> bool:
        member = store.member(due.member_id)
        posting = Posting(
            member_id=due.member_id,
            business_key=f"release/{iso(due.due_at)}",
            occurred_at=due.due_at,
            recorded_at=clock.now(),
            reason="return window ended",
        )
        if member is None or all(part.releases_at != due.due_at for part in member.account.pending):
            store.remove_due(due, seen=member)
            return False
        account, entry = release_window(member.account, posting, due.due_at)
        store.commit(
            MemberChange(
                member=replace(member, version=member.version + 1, account=account),
                expected_version=member.version,
                entries=(entry,) if entry else (),
                due_done=(due,),
            )
        )
        return True

    return with_retries(decide)
