"""Booking out points whose lot has expired."""

from __future__ import annotations

from dataclasses import replace

from loyalty.contracts.values import iso
from loyalty.domain.expiry import expire as expire_lot
from loyalty.domain.ledger import Posting
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore
from loyalty.services.retrying import with_retries


def expire(due: Due, *, store: MemberStore, clock: Clock) -> bool:
    """Book out what is left of one lot of one member, once.

    By rule the points were gone at the lot's instant already; this is when the books say so.

    Requests: 1 read and 1 transaction.

    Returns
    -------
    bool
        False when nothing was left of the lot, or the member is gone. The due item is removed then.

    Raises
    ------
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> bool:
        member = store.member(due.member_id)
        if member is None:
            store.remove_due(due, seen=None)
            return False
        posting = Posting(
            member_id=due.member_id,
            business_key=f"expiry/{iso(due.due_at)}",
            occurred_at=due.due_at,
            recorded_at=clock.now(),
            reason="points expired",
        )
        account, entry = expire_lot(member.account, posting, due.due_at)
        if entry is None:
            store.remove_due(due, seen=member)
            return False
        store.commit(
            MemberChange(
                member=replace(member, version=member.version + 1, account=account),
                expected_version=member.version,
                entries=(entry,),
                due_done=(due,),
            )
        )
        return True

    return with_retries(decide)
