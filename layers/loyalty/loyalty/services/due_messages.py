"""Sending the messages that are due of all members, one shard of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.contracts.values import iso
from loyalty.domain.errors import MemberNotFound
from loyalty.services.messages import AGAIN_AFTER, MessageUnsettled
from loyalty.services.ports import (
    DUE_SHARDS,
    ChangeRefused,
    Clock,
    Due,
    DueKind,
    MemberChange,
    MemberStore,
    WorkQueue,
)
from loyalty.services.service_messages import unless_refused

# So many messages of each shard stay below the worker's time-out, also when it is given ten shards.
DUE_PER_KIND: Final = 20
KINDS: Final[tuple[DueKind, ...]] = (
    "points_sms",
    "statement",
    "voucher_reminder",
    "tier_mail",
    "win_back",
)

Send = Callable[[Due], SendOutcome]


def plan_due_messages(*, store: MemberStore, clock: Clock, queue: WorkQueue) -> None:
    """Queue one message per shard in which anything is due by now: send all of that.

    Requests: up to 1 query per kind and shard, 1 per ten messages.
    """
    now = clock.now()
    queue.send(
        [
            shard_message(shard, now)
            for shard in range(DUE_SHARDS)
            if any(store.due(kind, shard, until=now, limit=1) for kind in KINDS)
        ]
    )


def shard_message(shard: int, until: datetime, kind: DueKind | None = None) -> dict[str, object]:
    """Return what is queued for a worker: send what is due in a shard, of all kinds or of one."""
    message: dict[str, object] = {"shard": shard, "until": iso(until)}
    return message if kind is None else message | {"kind": kind}


def send_due_messages(
    shard: int,
    until: datetime,
    only: DueKind | None = None,
    *,
    sends: Mapping[DueKind, Send],
    store: MemberStore,
    queue: WorkQueue,
    limit: int = DUE_PER_KIND,
) -> int:
    """Send what is due in a shard, and queue the shard again when that was not all.

    A message of which nobody knows whether it went out stays due, and the shard is queued for its
    kind, so that it goes out once more after 15 minutes. One that has to wait for a better hour
    stays due till the next plan; one that is refused for what it is, such as a number that does not
    exist, is given up.

    Parameters
    ----------
    shard
        One of `DUE_SHARDS`.
    until
        What is due up to here.
    only
        The kind to send; None: all.
    sends
        What sends a due message, by kind; a message is known by what it is about, so that sending
        it again sends nothing.
    limit
        Due items of a kind at most.

    Returns
    -------
    int
        How many due items are done with.

    Raises
    ------
    EmailRefused, SmsRefused
        The service takes no messages at present; what was not sent stays due.
    MemberBusy
        Others kept changing a member; what was done before stays done.
    """
    done = 0
    is_more = False
    for kind in (only,) if only else sends:
        page = store.due(kind, shard, until=until, limit=limit)
        settled = 0
        is_in_doubt = False
        for due in page:
            try:
                is_settled = _is_settled(due, sends[kind])
            except MessageUnsettled:
                is_in_doubt = True
                continue
            if is_settled:
                settled += 1
                # Refused where a repetition of this very call was faster.
                with suppress(ChangeRefused):
                    store.commit(MemberChange(member=None, due_done=(due,)))
        if is_in_doubt:
            queue.send([shard_message(shard, until, kind)], delay=AGAIN_AFTER)
        done += settled
        is_more = is_more or (len(page) == limit and settled > 0)
    if is_more:
        queue.send([shard_message(shard, until, only)])
    return done


def _is_settled(due: Due, send: Send) -> bool:
    """Send a due message; tell whether nothing is left to be done about it."""
    try:
        return unless_refused(lambda: send(due)).outcome != "not_before"
    except MemberNotFound:
        return True
