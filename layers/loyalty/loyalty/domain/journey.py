"""The Elite journey of one customer: the variant drawn, the status words and how each follows.

Every transition takes a member and returns a `Step`: the member's next version and the facts to
write with it. Only the store's version guard decides which of two concurrent steps holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from loyalty.domain.errors import AlreadyEnrolled, InvitationAnswered
from loyalty.domain.identity import with_mail_verified
from loyalty.domain.member import EliteStatus, Member, StatusChange
from loyalty.domain.program import JourneyVariant, ProgramDefinition
from loyalty.domain.tiers import TierSpan, TierStanding

Answer = Literal["accept", "decline"]

# Nobody is there any more: journeys end, links are void.
GONE: Final[frozenset[EliteStatus]] = frozenset({"left", "merged", "erased"})
# The invite is out and its answer is awaited.
AWAITED: Final[frozenset[EliteStatus]] = frozenset({"invited", "reminded"})


@dataclass(frozen=True, slots=True)
class Step:
    """A member one version further, and the facts of that version; written in one transaction."""

    member: Member
    changes: tuple[StatusChange, ...] = ()


def draw_variant(definition: ProgramDefinition, member_id: str) -> JourneyVariant:
    """Draw the journey's variant by weight; the same seed and member always draw the same one.

    Parameters
    ----------
    definition
        The program version of the draw; its weights add up to more than zero.
    member_id
        The customer.

    Returns
    -------
    JourneyVariant
        One of `definition.variants`.
    """
    ticket_source = f"{definition.assignment_seed}/{member_id}".encode()
    ticket = int.from_bytes(hashlib.sha256(ticket_source).digest()[:8], "big")
    ticket %= sum(variant.weight for variant in definition.variants)
    for variant in definition.variants:
        if ticket < variant.weight:
            return variant
        ticket -= variant.weight
    raise AssertionError("a ticket is always below the sum of the weights")


def status_change(
    before: Member,
    after: Member,
    event: str,
    at: datetime,
    data: Mapping[str, str | int | bool | None] | None = None,
    *,
    occurred_at: datetime | None = None,
) -> StatusChange:
    """Return the fact that `event` led from `before` to `after`.

    Parameters
    ----------
    before
        For its Elite status; the same member where the event leaves that as it is.
    after
        The member with the version that the change has.
    event
        The fact's name.
    at
        When it is recorded.
    data
        What the fact tells besides.
    occurred_at
        When it happened, if that was not now.
    """
    return StatusChange(
        member_id=after.member_id,
        member_version=after.version,
        event=event,
        occurred_at=occurred_at or at,
        recorded_at=at,
        from_status=before.status,
        to_status=after.status,
        data=data or {},
    )


def is_silent(member: Member) -> bool:
    """Tell whether the member was invited and never answered; an answer is still welcome."""
    return member.status == "inactive" and member.inactive_reason == "silent"


def may_be_invited(member: Member) -> bool:
    """Tell whether an invite may go out: threshold crossed, not held out, never invited."""
    return (
        member.status == "prospect"
        and member.threshold_crossed_at is not None
        and not member.held_out
    )


def may_answer(member: Member) -> bool:
    """Tell whether the invitation is still open: awaited, or silent (late answers count)."""
    return member.status in AWAITED or is_silent(member)


def start(member: Member, definition: ProgramDefinition, at: datetime) -> Step | None:
    """Fix the journey's variant and version, and mark a hold-out; None when that is done already.

    Parameters
    ----------
    member
        The customer; usually the crossing order has drawn and stored the variant.
    definition
        The journey's own program version, or the current one for a customer who has none yet.
    at
        Now.
    """
    name = member.variant or draw_variant(definition, member.member_id).name
    hold_out = definition.variant(name).hold_out
    if member.variant == name and member.held_out == hold_out:
        return None
    drawn = replace(
        member,
        version=member.version + 1,
        variant=name,
        journey_program_version=definition.version,
        held_out=hold_out,
    )
    if not hold_out:
        return Step(drawn)
    return Step(drawn, (status_change(member, drawn, "CustomerHeldOut", at, {"variant": name}),))


def invite(member: Member, at: datetime) -> Step:
    """Move a prospect to invited; raise `ValueError` for one who may not be invited."""
    if not may_be_invited(member):
        raise ValueError(f"{member.member_id} may not be invited")
    invited = _moved(member, "invited", at)
    return Step(invited, (status_change(member, invited, "CustomerInvited", at, arm(member)),))


def remind(member: Member, at: datetime) -> Step:
    """Move an invited customer to reminded; raise `ValueError` for anybody else."""
    if member.status != "invited":
        raise ValueError(f"{member.member_id} is {member.status}, not invited")
    reminded = _moved(member, "reminded", at)
    return Step(reminded, (status_change(member, reminded, "CustomerReminded", at, arm(member)),))


def suppress_invite(member: Member, at: datetime) -> Step | None:
    """Note that the invite must not go out for want of consent; None when that is noted already."""
    if member.invite_suppressed:
        return None
    noted = replace(member, version=member.version + 1, invite_suppressed=True)
    return Step(noted, (status_change(member, noted, "InviteSuppressed", at, arm(member)),))


def fall_silent(member: Member, at: datetime) -> Step | None:
    """Move a customer whose answer did not come to inactive (silent); None when none is awaited."""
    if member.status not in AWAITED:
        return None
    silent = replace(_moved(member, "inactive", at), inactive_reason="silent")
    data = {**arm(member), "inactive_reason": "silent"}
    return Step(silent, (status_change(member, silent, "CustomerInactive", at, data),))


def answer(member: Member, given: Answer, definition: ProgramDefinition, at: datetime) -> Step:
    """Take the customer's answer to the invitation.

    Parameters
    ----------
    member
        The customer as invited, reminded or silent.
    given
        `accept` makes an active member, enrolled if that was not done before; `decline` ends the
        journey.
    definition
        The current program, for the tier that a new member enters.
    at
        Now.

    Raises
    ------
    InvitationAnswered
        The invitation is not open (any more).
    """
    if not may_answer(member):
        is_declined = member.status == "not_interested"
        raise InvitationAnswered(member.member_id, is_declined=is_declined)
    if given == "decline":
        declined = _moved(member, "not_interested", at)
        return Step(declined, (status_change(member, declined, "InviteDeclined", at, arm(member)),))
    accepted = _moved(member, "active", at)
    fact = status_change(member, accepted, "InviteAccepted", at, arm(member))
    if accepted.enrolled:
        return Step(accepted, (fact,))
    # Who begins a membership by a mail is whom it belongs to: there was nothing to take before.
    # Unless an address was taken out of use since: the invitation may have gone to that one.
    known = with_mail_verified(accepted) if accepted.portal.is_untouched else accepted
    enrolled = _enrolled(known, definition, at)
    return Step(
        enrolled, (fact, status_change(accepted, enrolled, "MemberEnrolled", at, arm(member)))
    )


def enrol(member: Member, definition: ProgramDefinition, at: datetime) -> Step:
    """Make a customer a member: points and a tier from now on; also one who had left.

    Parameters
    ----------
    member
        A customer who is not enrolled.
    definition
        The current program: entry tier, and whether Elite is open to everybody who signs up.
    at
        Now; its whole second becomes `joined_at`.

    Raises
    ------
    AlreadyEnrolled
        The customer is a member.
    """
    if member.enrolled:
        raise AlreadyEnrolled(member.member_id)
    enrolled = replace(_enrolled(member, definition, at), version=member.version + 1)
    if member.status == "left":
        enrolled = replace(enrolled, status="prospect", status_since=at)
    if definition.open_elite and enrolled.status == "prospect":
        enrolled = replace(enrolled, status="active", status_since=at)
    return Step(enrolled, (status_change(member, enrolled, "MemberEnrolled", at, arm(member)),))


def _moved(member: Member, status: EliteStatus, at: datetime) -> Member:
    return replace(
        member, version=member.version + 1, status=status, inactive_reason=None, status_since=at
    )


def _enrolled(member: Member, definition: ProgramDefinition, at: datetime) -> Member:
    # Tills and shops send whole seconds: what is bought in the very second of joining counts.
    joined_at = at.replace(microsecond=0)
    standing = TierStanding((TierSpan(definition.entry_tier, joined_at),))
    return replace(member, joined_at=joined_at, standing=standing)


def arm(member: Member) -> dict[str, str | int | bool | None]:
    """Return what tells the arms of the experiment apart in every report."""
    return {"variant": member.variant, "program_version": member.journey_program_version}
