"""What the mail service reports back: addresses that bounce, people who complain."""

from __future__ import annotations

from typing import Literal

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.messaging import suppress
from loyalty.services.customers import commit_step, present_member
from loyalty.services.ports import Clock, MemberStore
from loyalty.services.retrying import with_retries


def suppress_email(
    member_id: str, reason: Literal["bounce", "complaint"], *, store: MemberStore, clock: Clock
) -> bool:
    """Send the customer no more mail; a report that comes again changes nothing.

    Requests: 1 read, 1 transaction.

    Returns
    -------
    bool
        False when nothing had to be done: suppressed already, or the customer is gone.

    Raises
    ------
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> bool:
        try:
            member = present_member(store, member_id)
        except MemberNotFound:
            return False
        step = suppress(member, "email", reason, clock.now())
        if step is None:
            return False
        commit_step(store, member, step)
        return True

    return with_retries(decide)
