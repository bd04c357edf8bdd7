"""Finding the customer whom an order or a sign-up means, and noting when it means two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from loyalty.domain.errors import MemberNotFound
from loyalty.domain.identity import CustomerRef, claimable, resolve
from loyalty.domain.journey import GONE
from loyalty.domain.member import Identity, Member
from loyalty.services.customers import current_member
from loyalty.services.ports import ChangeRefused, Ids, MemberStore

if TYPE_CHECKING:
    from loyalty.domain.tasks import Task


class KnownCustomer(NamedTuple):
    """A stored customer, or None, with what their reference adds and contradicts.

    `claims` are identities that nobody has and this customer may have; `others` are the customers
    that further identities belong to.
    """

    member: Member | None
    claims: tuple[Identity, ...]
    others: tuple[str, ...]


def known_customer(
    customer: CustomerRef,
    *,
    named: Member | None,
    owners: Mapping[Identity, str],
    store: MemberStore,
) -> KnownCustomer:
    """Find the customer that `customer` means; one read unless `named` is the one.

    Parameters
    ----------
    customer
        The reference.
    named
        The member of `customer.member_id`, as read.
    owners
        Customer ids by identity, as read.
    store
        Where a customer who is found by identity is read.

    Raises
    ------
    MemberNotFound
        The reference names a member who does not exist (any more).
    ChangeRefused
        An identity's owner is not there: claims and profile were read on both sides of a change.
    """
    if named is not None and named.merged_into is not None:
        named = current_member(store, named.merged_into)
    if customer.member_id and (named is None or named.status in GONE):
        raise MemberNotFound(customer.member_id)
    resolution = resolve(customer, owners)
    member = named
    if member is None and resolution.member_id is not None:
        member = store.member(resolution.member_id)
        if member is None or member.merged_into is not None:
            raise ChangeRefused(f"{resolution.member_id} owns an identity but is not there")
    held = member.identities if member else ()
    others = tuple(other for other in resolution.others if member and other != member.member_id)
    return KnownCustomer(member, claimable(held, resolution.unclaimed), others)


def new_customer(ids: Ids, cause: str, now: datetime) -> Member:
    """Return a customer that is not stored yet; the same `cause` always gets the same id."""
    return Member(member_id=ids.derive("m", cause), version=0, created_at=now)


def merge_tasks(known: KnownCustomer, cause: str, now: datetime, ids: Ids) -> tuple[Task, ...]:
    """Return a task per other customer: to decide whether they are one person with this one."""
    if known.member is None:
        return ()
    member_id = known.member.member_id
    return tuple(_merge_task(member_id, other, cause, now, ids) for other in known.others)


def _merge_task(one: str, other: str, cause: str, now: datetime, ids: Ids) -> Task:
    # Imported where it is needed: few orders open a task, and every cold start would pay for it.
    from loyalty.domain.tasks import Task

    first, second = sorted((one, other))
    task_id = ids.derive("t", f"merge/{first}/{second}")
    return Task(task_id, "merge", (first, second), opened_at=now, cause=cause)
