"""The monthly statement, for members who want one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.calendar import day_start, month_after, month_of, month_start, program_day
from loyalty.domain.member import Member
from loyalty.domain.preferences import wants
from loyalty.domain.program import ProgramDefinition
from loyalty.services.letters import Outbox, compose
from loyalty.services.ports import Due, MemberChange, ProgramStore
from loyalty.services.service_messages import (
    Post,
    ServiceMessage,
    mail_reaches,
    send_service_message,
)
from loyalty.services.statement import RewardCatalogue, figures

# The month is evaluated on the third of the next one; the statement has the tier of that.
DAYS_AFTER_MONTH: Final = 3


@dataclass(frozen=True, slots=True)
class StatementOutbox:
    """What writing and sending statements needs of the world."""

    mail: Outbox
    program: ProgramStore
    catalogue: RewardCatalogue


def next_statement(member_id: str, definition: ProgramDefinition, at: datetime) -> Due:
    """Return when a member's next statement is due: early in the month after the one of `at`."""
    following = month_after(month_of(program_day(at, definition.time_zone)))
    first = program_day(month_start(following, definition.time_zone), definition.time_zone)
    due_on = first + timedelta(days=DAYS_AFTER_MONTH)
    return Due("statement", day_start(due_on, definition.time_zone), member_id)


def send_statement(due: Due, *, outbox: StatementOutbox) -> SendOutcome:
    """Send a member the statement of the month before, and make the next one due.

    The due item stays for the caller to remove: a message left `sending` is found again by it.

    Who no longer wants one, or is no member, is due no other one; who cannot be reached still is.

    Requests: those of `send_service_message`, and 1 put of the next due item.
    """
    store, clock = outbox.mail.store, outbox.mail.clock
    now = clock.now()
    definition = outbox.program.current(now)
    month = month_after(month_of(program_day(due.due_at, definition.time_zone)), -1)

    is_wanted = True

    def write(member: Member, message_id: str, at: datetime) -> Post | None:
        nonlocal is_wanted
        is_wanted = member.enrolled and wants(member, "statement")
        if not (is_wanted and mail_reaches(member)):
            return None
        facts = _facts(member, definition, outbox.catalogue, month, at)
        email = compose(
            "statement", message_id, member, definition, outbox=outbox.mail, at=at, facts=facts
        )
        return partial(outbox.mail.sender.send, email)

    message = ServiceMessage(f"statement-{month}", due.member_id, "email", "statement", month)
    outcome = send_service_message(message, write, store=store, clock=clock)
    if is_wanted:
        following = next_statement(due.member_id, definition, due.due_at)
        store.commit(MemberChange(member=None, due=(following,)))
    return outcome


def _facts(
    member: Member,
    definition: ProgramDefinition,
    catalogue: RewardCatalogue,
    month: str,
    at: datetime,
) -> dict[str, object]:
    found = figures(member, definition, catalogue.rewards(), at)
    earned = sum(totals.points_due for totals in member.months if totals.month == month)
    missing = found.missing
    in_money = found.missing_unit == "minor_units"
    tier_missing = amount_text(missing or 0, definition) if in_money else f"{missing} points"
    return {
        "month": month_start(month, definition.time_zone).astimezone(definition.time_zone).date(),
        "earned": earned,
        "figures": found,
        "tier": _title(found.tier),
        "next_tier": _title(found.next_tier),
        "tier_missing": tier_missing,
        "saved": amount_text(found.saved_minor, definition) if found.saved_minor else None,
    }


def amount_text(amount_minor: int, definition: ProgramDefinition) -> str:
    """Return an amount of the program's currency as people read it: `1,234.50 EUR`."""
    digits = definition.minor_digits
    return f"{Decimal(amount_minor).scaleb(-digits):,.{digits}f} {definition.currency}"


def _title(tier: str | None) -> str | None:
    return tier.replace("_", " ").title() if tier else None
