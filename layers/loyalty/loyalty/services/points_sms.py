"""Text messages on points: at once for a day's first posting, in one bundle for all later ones.

Whatever is not told at once stays untold in the ledger until the bundle of the day on which it was
posted reads it there; the due item of the bundle is the same one however many postings write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.calendar import program_day
from loyalty.domain.journey import GONE
from loyalty.domain.ledger import Entry, spendable
from loyalty.domain.member import Member
from loyalty.domain.messaging import after_quiet_hours, in_quiet_hours
from loyalty.domain.points_alerts import (
    PostedPoints,
    bundle_time,
    bundled_day,
    evaluated,
    hears_of_points,
    is_news,
)
from loyalty.domain.program import ProgramDefinition
from loyalty.services.message_ports import SmsRenderer, SmsSender
from loyalty.services.messages import send_and_mark
from loyalty.services.ports import (
    Clock,
    Due,
    MemberChange,
    MemberStore,
    MessageClaim,
    ProgramStore,
)
from loyalty.services.retrying import with_retries
from loyalty.services.service_messages import (
    SENT,
    SUPPRESSED,
    Post,
    ServiceMessage,
    claim_service,
    send_service_message,
    unless_refused,
)

KIND: Final = "points_sms"
ENTRIES_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class SmsOutbox:
    """What writing and sending text messages needs of the world."""

    store: MemberStore
    program: ProgramStore
    clock: Clock
    renderer: SmsRenderer
    sender: SmsSender


def send_points_sms(member_id: str, month: str, points: int, *, outbox: SmsOutbox) -> SendOutcome:
    """W12: tell a member of the points that an evaluation posted, once.

    What was not sent, or of which nobody knows whether it was, is told in the bundle that W6 made
    due with the points; in quiet hours everything is (no requests). Requests and errors are else
    those of `send_service_message`, but that a message refused for what it is, such as one to a
    number that does not exist, is no error.
    """
    now = outbox.clock.now()
    definition = outbox.program.current(now)
    if in_quiet_hours(definition, now):
        return SendOutcome.later(after_quiet_hours(definition, now))

    def write(member: Member, message_id: str, at: datetime) -> Post | None:
        return _write("points", {"points": points}, member, definition, at, outbox)

    message = ServiceMessage(_evaluation_id(month, points), member_id, "sms", KIND, about=month)
    return unless_refused(
        lambda: send_service_message(message, write, store=outbox.store, clock=outbox.clock)
    )


def alert_points(member_id: str, posting: PostedPoints, *, outbox: SmsOutbox) -> SendOutcome:
    """Tell a member of a posting at once, or leave it to the day's bundle.

    A posting that is told of again, or that comes after a later one, sends nothing twice.

    Requests: none when the posting is no news, 1 read when the member gets no messages on points;
    for a day's first posting 1 read, 1 transaction, 1 message, 1 update; for a later one 3 reads,
    1 refused transaction, 1 put.

    Parameters
    ----------
    member_id
        To whom the points went.
    posting
        The ledger entry, as far as it decides.

    Returns
    -------
    SendOutcome
        `sent`; `not_before` when the bundle tells it; `suppressed`, also for who is gone, and for
        a message that is refused for what it is.

    Raises
    ------
    SmsRefused
        No messages are taken at present.
    MessageUnsettled, MemberBusy
        As for `send_service_message`.
    """
    now = outbox.clock.now()
    definition = outbox.program.current(now)
    if not definition.points_sms or not is_news(posting):
        return SUPPRESSED
    day = program_day(posting.recorded_at, definition.time_zone)
    waits = in_quiet_hours(definition, now) or program_day(now, definition.time_zone) != day
    message = ServiceMessage(_first_id(day), member_id, "sms", KIND, about=str(posting.sequence))
    is_first_attempt = True

    def decide() -> tuple[MessageClaim, Post] | SendOutcome:
        nonlocal is_first_attempt
        member = outbox.store.member(member_id)
        if member is None or member.status in GONE:
            return SUPPRESSED
        post = _write("points", {"points": posting.points}, member, definition, now, outbox)
        if post is None:
            return SUPPRESSED
        # The first claim of a day is refused to all others, who read then what it is about.
        told = None if is_first_attempt and not waits else _told(member_id, day, outbox.store)
        is_first_attempt = False
        if told is not None and told.state == "sent" and told.about == message.about:
            return SENT
        if waits or (told is not None and told.state != "failed"):
            return _wait_for_bundle(member_id, definition, posting.recorded_at, outbox)
        claimed = claim_service(message, message.message_id, member, store=outbox.store, at=now)
        return claimed, post

    result = with_retries(decide)
    if isinstance(result, SendOutcome):
        return result
    claimed, post = result

    def send() -> SendOutcome:
        send_and_mark(claimed, post, store=outbox.store, clock=outbox.clock)
        return SENT

    return unless_refused(send)


def send_bundle(due: Due, *, outbox: SmsOutbox) -> SendOutcome:
    """Tell a member in one message of all that a day brought and that was not told at once.

    The due item stays for the caller to remove: a message left `sending` is found again by it.

    Requests: those of `send_service_message`, 1 query, 1 or 2 reads.

    Returns
    -------
    SendOutcome
        `not_before` in quiet hours.
    """
    now = outbox.clock.now()
    definition = outbox.program.current(now)
    if in_quiet_hours(definition, now):
        return SendOutcome.later(after_quiet_hours(definition, now))
    day = bundled_day(definition, due.due_at)
    points = _untold(due.member_id, day, definition, outbox.store)
    if points <= 0:
        return SUPPRESSED

    def write(member: Member, message_id: str, at: datetime) -> Post | None:
        context = {"points": points, "day": day}
        return _write("more_points", context, member, definition, at, outbox)

    message = ServiceMessage(f"{_first_id(day)}-more", due.member_id, "sms", KIND)
    return send_service_message(message, write, store=outbox.store, clock=outbox.clock)


def _untold(member_id: str, day: date, definition: ProgramDefinition, store: MemberStore) -> int:
    entries = _entries_of(member_id, day, definition, store)
    told = _told(member_id, day, store)
    about = told.about if told is not None and told.state == "sent" else None
    points = sum(
        entry.points for entry in entries if is_news(entry) and str(entry.sequence) != about
    )
    for month, posted in evaluated(entries):
        message = store.message(member_id, _evaluation_id(month, posted))
        if posted > 0 and (message is None or message.state != "sent"):
            points += posted
    return points


def _entries_of(
    member_id: str, day: date, definition: ProgramDefinition, store: MemberStore
) -> Sequence[Entry]:
    """Return the entries that were posted on a program day, newest first."""
    found: list[Entry] = []
    cursor: str | None = None
    while True:
        page, cursor = store.entries(member_id, limit=ENTRIES_PER_PAGE, cursor=cursor)
        days = [program_day(entry.recorded_at, definition.time_zone) for entry in page]
        found += [entry for entry, posted_on in zip(page, days, strict=True) if posted_on == day]
        if cursor is None or days[-1] < day:
            return found


def _write(
    template: str,
    context: dict[str, object],
    member: Member,
    definition: ProgramDefinition,
    at: datetime,
    outbox: SmsOutbox,
) -> Post | None:
    phone = member.identity("phone")
    if phone is None or not hears_of_points(member, definition):
        return None
    account = member.account
    balance = {"available": spendable(account, at), "pending": account.points_pending}
    sms = outbox.renderer.sms(template, to=phone, context={**context, **balance})
    return partial(outbox.sender.send, sms)


def _wait_for_bundle(
    member_id: str, definition: ProgramDefinition, posted_at: datetime, outbox: SmsOutbox
) -> SendOutcome:
    day = program_day(posted_at, definition.time_zone)
    due = Due("points_sms", bundle_time(definition, day), member_id)
    outbox.store.commit(MemberChange(member=None, due=(due,)))
    return SendOutcome.later(due.due_at)


def _told(member_id: str, day: date, store: MemberStore) -> MessageClaim | None:
    return store.message(member_id, _first_id(day))


def _first_id(day: date) -> str:
    return f"points-{day.isoformat()}"


def _evaluation_id(month: str, points: int) -> str:
    return f"points-of-{month}-{points}"
