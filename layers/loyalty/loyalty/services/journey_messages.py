"""The messages of the Elite journey: invite, reminder, welcome.

Each is decided and claimed in one transaction and sent after it; calling again sends nothing again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.consents import may_market
from loyalty.domain.journey import Step, invite, may_be_invited, remind, suppress_invite
from loyalty.domain.member import Member
from loyalty.domain.messaging import (
    HOUR,
    after_quiet_hours,
    earliest_marketing,
    hour_of,
    hourly_slot,
    with_marketing_sent,
)
from loyalty.domain.program import ProgramDefinition
from loyalty.services.customers import commit_step, present_member
from loyalty.services.letters import LetterKind, Outbox, compose
from loyalty.services.messages import ClaimedMail, claim, deliver, unchanged
from loyalty.services.ports import InviteLimiter, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.service_messages import (
    Post,
    ServiceMessage,
    mail_reaches,
    send_service_message,
)

SENT: Final = SendOutcome(outcome="sent")
SUPPRESSED: Final = SendOutcome(outcome="suppressed")
ANSWERED: Final = SendOutcome(outcome="answered")


def send_invite(
    member_id: str, *, outbox: Outbox, program: ProgramStore, limiter: InviteLimiter
) -> SendOutcome:
    """Invite the customer by e-mail, once.

    Requests: 1 read, 1 counter, 1 transaction, 1 mail, 1 update.

    Returns
    -------
    SendOutcome
        `sent` also when an earlier call did it; `not_before` while the journeys are paused, in
        quiet hours, over the weekly or the hourly limit; `suppressed` without consent; `answered`
        when the customer is past being invited.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    EmailRefused
        The mail service did not take the mail; calling again tries again.
    MemberBusy
        Others kept changing the member.
    """
    now = outbox.clock.now()
    current = program.current(now)
    # A place in the hour's queue is taken once, however often the decision is made again.
    slot = cache(lambda: _invite_slot(limiter, current, now))

    def decide() -> ClaimedMail | SendOutcome:
        member = present_member(outbox.store, member_id)
        if member.status == "invited":
            return _claim_failed_again("invite", member, outbox, program, current, now)
        if not may_be_invited(member):
            return ANSWERED
        if current.journeys_paused:
            return SendOutcome.later(now + HOUR)
        if not may_market(member, "email", current):
            return _suppress(member, outbox, now)
        wait = _wait(member, current, now, slot)
        return wait or _claim_marketing("invite", member, invite(member, now), outbox, program, now)

    return _delivered(with_retries(decide), outbox)


def send_reminder(member_id: str, *, outbox: Outbox, program: ProgramStore) -> SendOutcome:
    """Remind the invited customer by e-mail, once.

    Requests: 1 read, 1 transaction, 1 mail, 1 update. Outcomes and errors are those of
    `send_invite`; a suppressed reminder leaves the customer invited.
    """
    now = outbox.clock.now()
    current = program.current(now)

    def decide() -> ClaimedMail | SendOutcome:
        member = present_member(outbox.store, member_id)
        if member.status == "reminded":
            return _claim_failed_again("reminder", member, outbox, program, current, now)
        if member.status != "invited":
            return ANSWERED
        if current.journeys_paused:
            return SendOutcome.later(now + HOUR)
        if not may_market(member, "email", current):
            return SUPPRESSED
        wait = _wait(member, current, now, lambda: now)
        return wait or _claim_marketing(
            "reminder", member, remind(member, now), outbox, program, now
        )

    return _delivered(with_retries(decide), outbox)


def send_welcome(member_id: str, *, outbox: Outbox, program: ProgramStore) -> SendOutcome:
    """Welcome the customer who accepted, by e-mail.

    Requests, outcomes and errors are those of `send_service_message`.
    """

    def write(member: Member, message_id: str, now: datetime) -> Post | None:
        if not mail_reaches(member):
            return None
        email = compose("welcome", message_id, member, program.current(now), outbox=outbox, at=now)
        return partial(outbox.sender.send, email)

    message = ServiceMessage("welcome", member_id, "email", "welcome")
    return send_service_message(message, write, store=outbox.store, clock=outbox.clock)


def _invite_slot(limiter: InviteLimiter, current: ProgramDefinition, now: datetime) -> datetime:
    hour = hour_of(now)
    return hourly_slot(hour, limiter.take(hour), current.invites_per_hour)


def _wait(
    member: Member, current: ProgramDefinition, now: datetime, slot: Callable[[], datetime]
) -> SendOutcome | None:
    """Return until when a marketing message must wait; the slot is asked for last."""
    earliest = earliest_marketing(member, current, now)
    if earliest <= now:
        earliest = slot()
    return SendOutcome.later(earliest) if earliest > now else None


def _suppress(member: Member, outbox: Outbox, now: datetime) -> SendOutcome:
    step = suppress_invite(member, now)
    if step is not None:
        commit_step(outbox.store, member, step)
    return SUPPRESSED


def _claim_marketing(
    kind: LetterKind,
    member: Member,
    step: Step,
    outbox: Outbox,
    program: ProgramStore,
    now: datetime,
) -> ClaimedMail:
    email = compose(kind, kind, member, journey_definition(member, program), outbox=outbox, at=now)
    counted = with_marketing_sent(step.member, program.current(now), now)
    return claim(
        member, replace(step, member=counted), kind, kind, email, store=outbox.store, at=now
    )


def _claim_failed_again(
    kind: LetterKind,
    member: Member,
    outbox: Outbox,
    program: ProgramStore,
    current: ProgramDefinition,
    now: datetime,
) -> ClaimedMail | SendOutcome:
    """Claim a refused mail anew; whatever else became of it counts as sent.

    Also after an opt-out: the customer then gets nothing more and falls silent in time.
    """
    message = outbox.store.message(member.member_id, kind)
    refused = message is not None and message.state == "failed"
    if not refused or not may_market(member, "email", current):
        return SENT
    # The weekly limit has counted it already.
    earliest = after_quiet_hours(current, now + HOUR if current.journeys_paused else now)
    if earliest > now:
        return SendOutcome.later(earliest)
    email = compose(kind, kind, member, journey_definition(member, program), outbox=outbox, at=now)
    return claim(member, unchanged(member), kind, kind, email, store=outbox.store, at=now)


def journey_definition(member: Member, program: ProgramStore) -> ProgramDefinition:
    """Return the program version that the customer's journey keeps."""
    return program.version(member.journey_program_version or 0)


def _delivered(result: ClaimedMail | SendOutcome, outbox: Outbox) -> SendOutcome:
    if isinstance(result, SendOutcome):
        return result
    deliver(result, outbox=outbox)
    return SENT
