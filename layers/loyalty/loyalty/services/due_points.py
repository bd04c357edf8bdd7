"""Working through what is due of all members' points, one shard a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from loyalty.contracts.values import iso
from loyalty.services.expire_points import expire
from loyalty.services.leave import forfeit_points
from loyalty.services.ports import DUE_SHARDS, Clock, Due, DueKind, MemberStore, WorkQueue
from loyalty.services.release_points import release

# So many changes of two requests each stay far below the worker's time-out.
DUE_PER_MESSAGE = 200


class _Work(Protocol):
    def __call__(self, due: Due, *, store: MemberStore, clock: Clock) -> bool: ...


# Releases come first: a late one may fill a lot that has expired by now.
_WORK: Final[Mapping[DueKind, _Work]] = {
    "release": release,
    "expiry": expire,
    "forfeiture": forfeit_points,
}


def plan_due_points(*, store: MemberStore, clock: Clock, queue: WorkQueue) -> None:
    """Queue one message per kind and shard in which anything is due by now: do all of that.

    Requests: 1 query per kind and shard, 1 per ten messages.
    """
    now = clock.now()
    queue.send(
        [
            {"kind": kind, "shard": shard, "until": iso(now)}
            for kind in _WORK
            for shard in range(DUE_SHARDS)
            if store.due(kind, shard, until=now, limit=1)
        ]
    )


def work_through_shard(
    kind: DueKind,
    shard: int,
    until: datetime,
    *,
    store: MemberStore,
    clock: Clock,
    queue: WorkQueue,
    limit: int = DUE_PER_MESSAGE,
) -> int:
    """Do what is due in a shard, and queue the shard again when that was not all.

    Parameters
    ----------
    kind
        `release`, `expiry` or `forfeiture`.
    shard
        One of `DUE_SHARDS`.
    until
        What is due up to here; later ones are left even when their time has come meanwhile.
    limit
        Due items at most.

    Returns
    -------
    int
        How many windows were released, lots expired, or balances forfeited.

    Raises
    ------
    KeyError
        There is no such kind of work.
    MemberBusy
        Others kept changing a member; what was done before stays done.
    """
    work = _WORK[kind]
    due_now = store.due(kind, shard, until=min(until, clock.now()), limit=limit)
    done = sum(work(due, store=store, clock=clock) for due in due_now)
    if len(due_now) == limit:
        queue.send([{"kind": kind, "shard": shard, "until": iso(until)}])
    return done
