"""Enrolment: a customer becomes a member and collects points from now on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty.contracts.members import MemberView
from loyalty.contracts.values import iso
from loyalty.domain.errors import IdentityInvalid, IdentityTaken
from loyalty.domain.identity import CustomerRef
from loyalty.domain.journey import enrol
from loyalty.domain.member import Consent
from loyalty.domain.profile import learn
from loyalty.services.consents import change_consents
from loyalty.services.identities import known_customer, new_customer
from loyalty.services.members import view
from loyalty.services.ports import Clock, Ids, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.reward_action import with_sign_up_reward

SOURCE = "enrolment"


@dataclass(frozen=True, slots=True)
class EnrolmentOutcome:
    """The member; `created` is False for a customer who was a member already."""

    member: MemberView
    created: bool


def enrol_member(
    customer: CustomerRef, *, store: MemberStore, program: ProgramStore, clock: Clock, ids: Ids
) -> EnrolmentOutcome:
    """Enrol a customer, known or new, at the till or by sign-up.

    A prospect who is known by one of the identities becomes the member and keeps their lifetime
    spend; a member stays as they are, but for what they say about consent.

    Requests: 1 batch read, 1 read of a known customer, 1 transaction; 1 read more for a member who
    says something about consent.

    Parameters
    ----------
    customer
        At least one identity; perhaps a name and consents.

    Raises
    ------
    IdentityInvalid
        No identity at all.
    IdentityTaken
        The identities belong to different customers.
    MemberBusy
        Others kept changing the customer.
    """
    if not customer.identities:
        raise IdentityInvalid("a member is known by at least one identity")

    def decide() -> EnrolmentOutcome:
        now = clock.now()
        definition = program.current(now)
        owners = store.owners(customer.identities)
        known = known_customer(customer, named=None, owners=owners, store=store)
        if known.others:
            raise IdentityTaken("the identities belong to different customers")
        before = known.member or new_customer(ids, _cause(customer, now), now)
        if before.enrolled:
            said = {
                channel: Consent(granted, recorded_at=now, source=SOURCE)
                for channel, granted in customer.consents.items()
            }
            if said:
                before = change_consents(
                    before.member_id, said, store=store, program=program, clock=clock
                )
            return EnrolmentOutcome(view(before, definition, now), created=False)
        enrolled = enrol(before, definition, now)
        member, learned = learn(
            enrolled.member,
            customer,
            known.claims,
            source=SOURCE,
            said_at=now,
            definition=definition,
            now=now,
            verifies=True,
            lifts_opt_out=True,
        )
        change = with_sign_up_reward(
            MemberChange(
                member=member,
                expected_version=before.version,
                status_changes=enrolled.changes + learned,
                claims=known.claims,
            ),
            definition,
            now,
        )
        store.commit(change)
        return EnrolmentOutcome(view(change.member or member, definition, now), created=True)

    return with_retries(decide)


def _cause(customer: CustomerRef, now: datetime) -> str:
    strongest = customer.identities[0]
    return f"enrolment/{strongest.kind}/{strongest.value}/{iso(now)}"
