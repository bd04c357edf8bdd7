"""Recording what customers say about being written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loyalty.domain.consents import record_consents
from loyalty.domain.journey import Step
from loyalty.domain.member import Channel, Consent, Member
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


def change_consents(
    member_id: str,
    said: Mapping[Channel, Consent],
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> Member:
    """Record statements per channel; an invite that waited for consent is allowed again.

    Requests: 1 read, and 1 transaction when something changes.

    Returns
    -------
    Member
        As it is now.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> Member:
        member = current_member(store, member_id)
        now = clock.now()
        next_version = replace(member, version=member.version + 1)
        changed, facts = record_consents(next_version, said, program.current(now), now)
        if changed is next_version:
            return member
        commit_step(store, member, Step(changed, facts))
        return changed

    return with_retries(decide)
