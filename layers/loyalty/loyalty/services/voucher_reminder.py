"""Reminding members of vouchers that will soon be over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.calendar import last_day, program_day
from loyalty.domain.member import Identity, Member
from loyalty.domain.preferences import wants
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.voucher_codes import shown
from loyalty.domain.vouchers import ENDED, Voucher, state_at
from loyalty.services.letters import Outbox, compose
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore, ProgramStore
from loyalty.services.service_messages import (
    Post,
    ServiceMessage,
    mail_reaches,
    send_service_message,
)
from loyalty.services.statement_mail import amount_text
from loyalty.services.voucher_ports import VoucherStore

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class ReminderOutbox:
    """What writing and sending reminders needs of the world."""

    mail: Outbox
    program: ProgramStore
    vouchers: VoucherStore


def plan_reminder(
    member_id: str,
    expires_at: datetime,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> bool:
    """Make a member due a reminder of a voucher (1 put, also when repeated).

    Returns
    -------
    bool
        False when the program sends none, or the voucher is over so soon that its issue was
        reminder enough.
    """
    now = clock.now()
    days = program.current(now).voucher_reminder_days
    remind_at = expires_at - timedelta(days=days)
    if not days or remind_at <= now:
        return False
    due = Due("voucher_reminder", remind_at, member_id)
    store.commit(MemberChange(member=None, due=(due,)))
    return True


def send_reminder(due: Due, *, outbox: ReminderOutbox) -> SendOutcome:
    """Remind a member by e-mail of what they can still use and soon no more.

    The due item stays for the caller to remove. Vouchers that were used or cancelled are not named;
    without any left there is no mail.

    Requests: those of `send_service_message`, and 1 query and 1 batch read for each 50 vouchers;
    1 query more for each who was merged into the member (20 at most).
    """
    definition = outbox.program.current(outbox.mail.clock.now())
    day = program_day(due.due_at, definition.time_zone)

    def write(member: Member, message_id: str, at: datetime) -> Post | None:
        if not (mail_reaches(member) and wants(member, "voucher_reminder")):
            return None
        ending = _ending(due, member, definition, outbox.vouchers, at)
        if not ending:
            return None
        # Whoever reads an address that an order brought may be somebody else: they get no code.
        address = Identity("email", member.identity("email") or "")
        shows_codes = member.has_verified(address)
        facts = {
            "vouchers": [_facts(voucher, definition, shows_code=shows_codes) for voucher in ending],
            "shows_codes": shows_codes,
        }
        email = compose(
            "voucher_reminder",
            message_id,
            member,
            definition,
            outbox=outbox.mail,
            at=at,
            facts=facts,
        )
        return partial(outbox.mail.sender.send, email)

    message = ServiceMessage(
        f"voucher-reminder-{day.isoformat()}", due.member_id, "email", "voucher_reminder"
    )
    return send_service_message(message, write, store=outbox.mail.store, clock=outbox.mail.clock)


def _ending(
    due: Due,
    member: Member,
    definition: ProgramDefinition,
    vouchers: VoucherStore,
    at: datetime,
) -> Sequence[Voucher]:
    """Return the vouchers that end within the reminder's days, the first to end first."""
    until = due.due_at + timedelta(days=definition.voucher_reminder_days + 1)
    ending = [
        voucher
        for voucher in _all_of(member, vouchers)
        if state_at(voucher, at) not in ENDED and voucher.terms.expires_at < until
    ]
    return sorted(ending, key=lambda voucher: (voucher.terms.expires_at, voucher.voucher_id))


def _all_of(member: Member, vouchers: VoucherStore) -> Iterator[Voucher]:
    cursor: str | None = None
    while True:
        page, cursor = vouchers.vouchers_of(member.member_ids, limit=PAGE_SIZE, cursor=cursor)
        yield from page
        if cursor is None:
            return


def _facts(
    voucher: Voucher, definition: ProgramDefinition, *, shows_code: bool
) -> dict[str, object]:
    terms = voucher.terms
    if terms.kind == "percent":
        worth = f"{terms.percent} % off"
    elif terms.kind == "amount":
        worth = f"{amount_text(voucher.remaining_minor or 0, definition)} off"
    else:
        worth = "A gift" if terms.kind == "gift" else "A free product"
    return {
        "worth": worth,
        "code": shown(voucher.code) if shows_code else None,
        "last_day": last_day(terms.expires_at, definition.time_zone),
    }
