"""What a customer's profile learns from an order or a sign-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.consents import has_opted_out, record_consents
from loyalty.domain.identity import REACHED_BY, CustomerRef, as_said
from loyalty.domain.member import Consent, Identity, Member, StatusChange
from loyalty.domain.program import ProgramDefinition


def learn(
    member: Member,
    customer: CustomerRef,
    claims: tuple[Identity, ...],
    *,
    source: str,
    said_at: datetime,
    definition: ProgramDefinition,
    now: datetime,
    verifies: bool,
    lifts_opt_out: bool = False,
) -> tuple[Member, tuple[StatusChange, ...]]:
    """Add new identities, a name that was missing, and consents to a profile.

    Parameters
    ----------
    member
        The customer, already with the version that the change will have.
    customer
        What was said.
    claims
        Those of its identities that become this customer's.
    source, said_at
        Who said it and when; consents keep both.
    definition
        The current program version.
    now
        When it is recorded.
    verifies
        Whether the identities are the customer's own word: all are, at a sign-up and of who is new.
        Then no other address or number is verified any more: somebody else's order may have come
        first. What an order adds to a customer who is known by something else anybody may have
        typed.
    lifts_opt_out
        Whether the customer has just been asked, as at a sign-up. What goes along with an order is
        often no more than what a till remembers: a yes in it never lifts an opt-out.

    Returns
    -------
    tuple of Member and tuple of StatusChange
        The member, and what changed about its consents.
    """
    if verifies:
        holder = as_said(member, customer.identities, claims, also=REACHED_BY)
    else:
        doubted = tuple(replace(claim, is_verified=False) for claim in claims)
        holder = replace(member, identities=member.identities + doubted)
    known = replace(holder, name=member.name or customer.name)
    # A till's clock may be fast: what it says must not outlive an opt-out that follows at once.
    recorded_at = min(said_at, now)
    said = {
        channel: Consent(granted, recorded_at=recorded_at, source=source)
        for channel, granted in customer.consents.items()
        if lifts_opt_out or not granted or not has_opted_out(member, channel)
    }
    return record_consents(known, said, definition, now)
