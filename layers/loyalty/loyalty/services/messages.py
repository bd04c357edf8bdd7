"""Claim, send, mark: how a message goes out at most once.

The claim is part of the transaction that makes the member invited, reminded …; only its owner
sends. A crash between claim and mark leaves it `sending`: whether the mail went out is unknowable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.domain.journey import Step
from loyalty.domain.member import Member
from loyalty.services.customers import commit_step
from loyalty.services.letters import LetterKind, Outbox
from loyalty.services.ports import Due, Email, EmailInDoubt, EmailRefused, MemberStore, MessageClaim

SERVICE_RETRY_AFTER: Final = timedelta(minutes=15)


class MessageUnsettled(Exception):
    """A service message was claimed a moment ago and nobody knows yet whether it was sent."""


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that its holder, and nobody else, may send now."""

    claim: MessageClaim
    email: Email


def claim(
    before: Member,
    step: Step,
    kind: LetterKind,
    message_id: str,
    email: Email,
    *,
    store: MemberStore,
    at: datetime,
    due: tuple[Due, ...] = (),
    due_done: tuple[Due, ...] = (),
) -> ClaimedMail:
    """Write a member's step together with the claim of its e-mail.

    Raises
    ------
    ChangeRefused
        The member changed, or the message was claimed by somebody else.
    """
    wanted = MessageClaim(
        message_id=message_id,
        member_id=before.member_id,
        channel="email",
        kind=kind,
        marketing=kind != "welcome",
        state="sending",
        claimed_at=at,
    )
    commit_step(store, before, step, message=wanted, due=due, due_done=due_done)
    return ClaimedMail(wanted, email)


def unchanged(member: Member) -> Step:
    """Return the step of a member about whom nothing changes but a message claimed."""
    return Step(replace(member, version=member.version + 1))


def deliver(mail: ClaimedMail, *, outbox: Outbox) -> None:
    """Send a claimed mail and mark its claim.

    A marketing mail of which nobody knows whether it went out counts as sent.

    Raises
    ------
    EmailRefused
        It was certainly not sent; its claim is `failed` and may be claimed again.
    MessageUnsettled
        Nobody knows whether this service message went out; its claim stays `sending`.
    """
    member_id, message_id = mail.claim.member_id, mail.claim.message_id
    try:
        outbox.sender.send(mail.email)
    except EmailRefused:
        outbox.store.mark_message(member_id, message_id, "failed", outbox.clock.now())
        raise
    except EmailInDoubt as error:
        if mail.claim.marketing:
            return
        raise MessageUnsettled(message_id) from error
    outbox.store.mark_message(member_id, message_id, "sent", outbox.clock.now())
