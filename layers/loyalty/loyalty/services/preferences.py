"""Switching service messages on and off."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty.domain.member import Member, Preference
from loyalty.domain.preferences import change_preferences, wants
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.statement_mail import next_statement


def record_preferences(
    member_id: str,
    said: Mapping[Preference, bool],
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> Member:
    """Record which service messages a customer wants; it holds at once.

    Requests: 1 read, and 1 transaction when something changes.

    Returns
    -------
    Member
        As it is now.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> Member:
        member = current_member(store, member_id)
        now = clock.now()
        step = change_preferences(member, said, now)
        if step is None:
            return member
        # Who switches it off keeps the due item: it is dropped when its time comes.
        begins = wants(step.member, "statement") and not wants(member, "statement")
        due = (next_statement(member.member_id, program.current(now), now),) if begins else ()
        commit_step(store, member, step, due=due)
        return step.member

    return with_retries(decide)
