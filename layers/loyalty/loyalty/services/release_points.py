"""Making points available whose return window has ended."""

from __future__ import annotations

from dataclasses import replace

from loyalty.contracts.values import iso
from loyalty.domain.accruals import release as release_window
from loyalty.domain.ledger import Posting
from loyalty.services.dues import newly_due
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore
from loyalty.services.retrying import with_retries


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
        released = replace(member, version=member.version + 1, account=account)
        store.commit(
            MemberChange(
                member=released,
                expected_version=member.version,
                entries=(entry,) if entry else (),
                due=newly_due(member.account, released),
                due_done=(due,),
            )
        )
        return True

    return with_retries(decide)
