"""Claim, send, mark: how a message goes out at most once.

The claim is part of the transaction that makes the member invited, reminded …; only its owner
sends. A crash between claim and mark leaves it `sending`: whether the mail went out is unknowable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.domain.journey import Step
from loyalty.domain.member import Member
from loyalty.services.customers import commit_step
from loyalty.services.letters import LetterKind, Outbox
from loyalty.services.message_ports import SmsInDoubt, SmsRefused
from loyalty.services.ports import (
    Clock,
    Due,
    Email,
    EmailInDoubt,
    EmailRefused,
    MemberStore,
    MessageClaim,
)

AGAIN_AFTER: Final = timedelta(minutes=15)


class MessageUnsettled(Exception):
    """A service message was claimed a moment ago and nobody knows yet whether it was sent.

    From `again_at` on it may be sent once more.
    """

    def __init__(self, claimed: MessageClaim) -> None:
        super().__init__(claimed.message_id)
        self.again_at = claimed.claimed_at + AGAIN_AFTER


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
    """Write a member's step together with the claim of its marketing mail.

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
        marketing=True,
        state="sending",
        claimed_at=at,
    )
    commit_step(store, before, step, message=wanted, due=due, due_done=due_done)
    return ClaimedMail(wanted, email)


def unchanged(member: Member) -> Step:
    """Return the step of a member about whom nothing changes but a message claimed."""
    return Step(replace(member, version=member.version + 1))


def deliver(mail: ClaimedMail, *, outbox: Outbox) -> None:
    """Send a claimed mail and mark its claim; errors are those of `send_and_mark`."""
    send_and_mark(
        mail.claim,
        lambda: outbox.sender.send(mail.email),
        store=outbox.store,
        clock=outbox.clock,
    )


def send_and_mark(
    claimed: MessageClaim, send: Callable[[], None], *, store: MemberStore, clock: Clock
) -> None:
    """Send a message by calling `send`, and mark its claim.

    A marketing message of which nobody knows whether it went out counts as sent.

    Raises
    ------
    EmailRefused, SmsRefused
        It was certainly not sent; its claim is `failed` and may be claimed again.
    MessageUnsettled
        Nobody knows whether this service message went out; its claim stays `sending`.
    """
    member_id, message_id = claimed.member_id, claimed.message_id
    try:
        send()
    except (EmailRefused, SmsRefused):
        store.mark_message(member_id, message_id, "failed", clock.now())
        raise
    except (EmailInDoubt, SmsInDoubt) as error:
        if claimed.marketing:
            return
        raise MessageUnsettled(claimed) from error
    store.mark_message(member_id, message_id, "sent", clock.now())
