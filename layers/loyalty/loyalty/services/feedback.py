"""What the mail service reports back: addresses that bounce, people who complain."""

from __future__ import annotations

from typing import Literal

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import Member
from loyalty.domain.messaging import suppress
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import Clock, MemberStore
from loyalty.services.retrying import with_retries


def suppress_email(
    member_id: str, reason: Literal["bounce", "complaint"], *, store: MemberStore, clock: Clock
) -> bool:
    """Send the customer no more mail; a report that comes again changes nothing.

    Of a customer who was merged it holds for the survivor, if they are written to at that address.

    Requests: 1 read, 1 transaction; 2 reads more for a customer who was merged.

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
            member = current_member(store, member_id)
        except MemberNotFound:
            return False
        if member.member_id != member_id and not _has_address_of(member, store.member(member_id)):
            return False
        step = suppress(member, "email", reason, clock.now())
        if step is None:
            return False
        commit_step(store, member, step)
        return True

    return with_retries(decide)


def _has_address_of(survivor: Member, merged: Member | None) -> bool:
    """Tell whether a survivor is written to at the address of one who was merged into them."""
    email = survivor.identity("email")
    return merged is not None and email is not None and email == merged.identity("email")
