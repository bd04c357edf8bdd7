"""W11: congratulating a member on a tier."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.member import Member
from loyalty.domain.preferences import wants
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tier_upgrades import stands
from loyalty.domain.tiers import rank
from loyalty.services.customers import current_member
from loyalty.services.due_messages import shard_message
from loyalty.services.letters import Outbox, compose
from loyalty.services.messages import AGAIN_AFTER, MessageUnsettled
from loyalty.services.ports import Due, MemberChange, ProgramStore, WorkQueue
from loyalty.services.service_messages import (
    SUPPRESSED,
    Post,
    ServiceMessage,
    mail_reaches,
    send_service_message,
    unless_refused,
)
from loyalty.services.shards import due_shard


def send_tier_upgrade_email(
    member_id: str,
    upgrade_id: str,
    to_tier: str,
    *,
    outbox: Outbox,
    program: ProgramStore,
    queue: WorkQueue,
) -> SendOutcome:
    """Tell a member by e-mail that they moved up, and what it brings; once per upgrade.

    Requests are those of `send_service_message`, and so are errors, but that a mail refused for
    what it is fails nobody's evaluation, and one of which nobody knows whether it went out is due
    again, and queued for then (1 put, 1 message of the queue).

    Returns
    -------
    SendOutcome
        `sent`, or `suppressed`: no mail reaches the member, they do not want this one, the upgrade
        has been undone or the tier lost again, or the mail service wants no mail to this address.
    """
    try:
        return unless_refused(
            lambda: _send(member_id, upgrade_id, to_tier, outbox=outbox, program=program)
        )
    except MessageUnsettled as unsettled:
        due = Due("tier_mail", unsettled.again_at, member_id, upgrade_id)
        outbox.store.commit(MemberChange(member=None, due=(due,)))
        again = shard_message(due_shard(member_id), due.due_at, due.kind)
        queue.send([again], delay=AGAIN_AFTER)
        raise


def send_tier_mail_again(due: Due, *, outbox: Outbox, program: ProgramStore) -> SendOutcome:
    """Send the mail on an upgrade, `due.about`, once more if nobody knows what came of it.

    The due item stays for the caller to remove. Requests: 1 read, and those of
    `send_service_message`.
    """
    spans = current_member(outbox.store, due.member_id).standing.spans
    upgrade = next((span for span in spans if span.upgrade_id == due.about), None)
    if upgrade is None or upgrade.upgrade_id is None:
        return SUPPRESSED
    return _send(due.member_id, upgrade.upgrade_id, upgrade.tier, outbox=outbox, program=program)


def _send(
    member_id: str, upgrade_id: str, to_tier: str, *, outbox: Outbox, program: ProgramStore
) -> SendOutcome:
    def write(member: Member, message_id: str, now: datetime) -> Post | None:
        definition = program.current(now)
        is_there = stands(member.standing.spans, upgrade_id)
        is_lost = rank(definition, member.tier) < rank(definition, to_tier)
        if not is_there or is_lost or not mail_reaches(member) or not wants(member, "tier_mail"):
            return None
        facts = _facts(definition, to_tier)
        email = compose(
            "tier_upgrade", message_id, member, definition, outbox=outbox, at=now, facts=facts
        )
        return partial(outbox.sender.send, email)

    message = ServiceMessage(
        f"tier-{upgrade_id}", member_id, "email", "tier_upgrade", about=upgrade_id
    )
    return send_service_message(message, write, store=outbox.store, clock=outbox.clock)


def _facts(definition: ProgramDefinition, tier_name: str) -> dict[str, object]:
    """Return what the mail says of the tier; nothing of one that the program has no more."""
    tier = next((tier for tier in definition.tiers if tier.name == tier_name), None)
    voucher = tier.voucher if tier and definition.vouchers_enabled else None
    return {
        "tier": tier_name.replace("_", " ").title(),
        "multiplier": tier.multiplier if tier else 1,
        "benefits": tier.benefits if tier else (),
        "voucher_valid_days": voucher.valid_days if voucher else None,
    }
