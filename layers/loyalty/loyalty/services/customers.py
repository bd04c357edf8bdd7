"""Reading a customer who is still there, and writing one step of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from loyalty.domain.errors import MemberNotFound, NotEnrolled
from loyalty.domain.journey import GONE, Step
from loyalty.domain.member import Member
from loyalty.services.ports import (
    ChangeRefused,
    Due,
    Guard,
    MemberChange,
    MemberStore,
    MessageClaim,
)

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge


class Merged(NamedTuple):
    """Somebody who was merged, and the merge."""

    tombstone: Member
    merge: Merge


def present_member(store: MemberStore, member_id: str) -> Member:
    """Return the customer; raise `MemberNotFound` for one unknown, left, merged or erased."""
    member = store.member(member_id)
    if member is None or member.status in GONE:
        raise MemberNotFound(member_id)
    return member


def current_member(store: MemberStore, member_id: str) -> Member:
    """Return the customer, or whom they were merged into: 1 read, 1 more per merge (up to 20).

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    """
    member = store.member(member_id)
    while member is not None and member.merged_into is not None:
        member = store.member(member.merged_into)
    if member is None or member.status in GONE:
        raise MemberNotFound(member_id)
    return member


def survivor_of(
    store: MemberStore, customer: Member | None
) -> tuple[Member | None, tuple[Merged, ...]]:
    """Return who survived a customer, and the merges in between: 2 reads per merge.

    Raises
    ------
    ChangeRefused
        Somebody merges or unmerges them just now.
    """
    followed: list[Merged] = []
    while customer is not None and customer.merged_into and customer.merge_id:
        merge = store.merge(customer.merged_into, customer.merge_id)
        if merge is None:
            raise ChangeRefused(f"{customer.member_id} was merged or unmerged meanwhile")
        followed.append(Merged(customer, merge))
        customer = store.member(customer.merged_into)
    return customer, tuple(followed)


def enrolled_member(store: MemberStore, member_id: str) -> Member:
    """Return the member as `current_member` does; raise `NotEnrolled` for one without an account.

    Raises
    ------
    MemberNotFound, NotEnrolled
        There is no such customer, or they are no member.
    """
    member = current_member(store, member_id)
    if not member.enrolled:
        raise NotEnrolled(member_id)
    return member


def commit_step(
    store: MemberStore,
    before: Member,
    step: Step,
    *,
    message: MessageClaim | None = None,
    due: tuple[Due, ...] = (),
    due_done: tuple[Due, ...] = (),
    guards: tuple[Guard, ...] = (),
) -> None:
    """Write the step that follows `before`, with what belongs to it, in one transaction.

    Raises
    ------
    ChangeRefused
        The member changed since `before` was read, or the message or a guard is there already.
    """
    store.commit(
        MemberChange(
            member=step.member,
            expected_version=before.version,
            status_changes=step.changes,
            message=message,
            due=due,
            due_done=due_done,
            guards=guards,
        )
    )
