"""Service messages: what belongs to a membership and needs no consent for marketing.

Each is claimed, sent and marked as every message is. One that a crash left `sending` goes out once
more, after 15 minutes: better twice than never.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.member import Channel, Member
from loyalty.services.customers import commit_step, current_member
from loyalty.services.message_ports import SmsRefused
from loyalty.services.messages import AGAIN_AFTER, MessageUnsettled, send_and_mark, unchanged
from loyalty.services.ports import Clock, EmailRefused, MemberStore, MessageClaim
from loyalty.services.retrying import with_retries

SENT: Final = SendOutcome(outcome="sent")
SUPPRESSED: Final = SendOutcome(outcome="suppressed")

Post = Callable[[], None]
# From the member as just read, the message's id and now; None when it must not, or cannot, go out.
Write = Callable[[Member, str, datetime], Post | None]


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """One message to one member; `about` names what of the member's it tells of."""

    message_id: str
    member_id: str
    channel: Channel
    kind: str
    about: str | None = None


def mail_reaches(member: Member) -> bool:
    """Tell whether a service mail can be sent to the member."""
    return member.identity("email") is not None and "email" not in member.suppressed


def send_service_message(
    message: ServiceMessage, write: Write, *, store: MemberStore, clock: Clock
) -> SendOutcome:
    """Send one message to one member, or to whom they were merged into, once.

    Requests: 1 read, 1 transaction, 1 message, 1 update; 2 or 3 reads more when it was claimed
    before.

    Parameters
    ----------
    message
        What is sent; its id makes it the same one when it is sent again.
    write
        Writes it, and returns what sends it.

    Returns
    -------
    SendOutcome
        `sent` also when an earlier call did it, `suppressed` when nothing was written.

    Raises
    ------
    MessageUnsettled
        It was claimed in the last 15 minutes and nobody knows what came of it.
    EmailRefused, SmsRefused
        It was not taken; calling again tries again.
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """
    now = clock.now()
    is_first = True

    def decide() -> tuple[MessageClaim, Post] | SendOutcome:
        nonlocal is_first
        member = current_member(store, message.member_id)
        # Most are new: the claim itself finds out, and only who is refused reads the message.
        message_id = (
            message.message_id
            if is_first
            else free_message_id(message, member.member_id, store, now)
        )
        is_first = False
        if message_id is None:
            return SENT
        post = write(member, message_id, now)
        if post is None:
            return SUPPRESSED
        claimed = claim_service(message, message_id, member, store=store, at=now)
        return claimed, post

    result = with_retries(decide)
    if isinstance(result, SendOutcome):
        return result
    claimed, post = result
    send_and_mark(claimed, post, store=store, clock=clock)
    return SENT


def unless_refused(send: Callable[[], SendOutcome]) -> SendOutcome:
    """Send, and give up what is refused for what it is, such as a number that does not exist.

    Raises
    ------
    EmailRefused, SmsRefused
        The service takes no messages at present: trying again helps.
    """
    try:
        return send()
    except (EmailRefused, SmsRefused) as refused:
        if refused.takes_none:
            raise
        return SUPPRESSED


def claim_service(
    message: ServiceMessage, message_id: str, member: Member, *, store: MemberStore, at: datetime
) -> MessageClaim:
    """Write the claim of a service message, at the version that was read.

    Raises
    ------
    ChangeRefused
        The member changed, or the message was claimed by somebody else.
    """
    claimed = MessageClaim(
        message_id=message_id,
        member_id=member.member_id,
        channel=message.channel,
        kind=message.kind,
        marketing=False,
        state="sending",
        claimed_at=at,
        about=message.about,
    )
    commit_step(store, member, unchanged(member), message=claimed)
    return claimed


def free_message_id(
    message: ServiceMessage, member_id: str, store: MemberStore, now: datetime
) -> str | None:
    """Return the id under which a message may go out now; None when it is done.

    Raises
    ------
    MessageUnsettled
        A call of the last 15 minutes claimed it and did not say what came of it.
    """
    first_id = message.message_id
    first = store.message(member_id, first_id)
    if first is None or first.state == "failed":
        return first_id
    if first.state == "sent":
        return None
    if now < first.claimed_at + AGAIN_AFTER:
        raise MessageUnsettled(first)
    again_id = f"{first_id}-again"
    again = store.message(member_id, again_id)
    return again_id if again is None or again.state == "failed" else None
