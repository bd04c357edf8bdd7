"""Points of suspiciously many orders with one card: held until somebody has looked at them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from loyalty.domain.accruals import reverse, unhold
from loyalty.domain.ledger import Account, Entry, PendingPoints, Posting
from loyalty.domain.orders import OrderKey
from loyalty.domain.totals import Purchase, count_in_days, count_in_months
from loyalty.services.dues import newly_due
from loyalty.services.ports import Guard, Ids, MemberChange, MemberStore

if TYPE_CHECKING:
    from loyalty.domain.identity import CustomerRef
    from loyalty.domain.member import Member
    from loyalty.domain.orders import AcceptedOrder
    from loyalty.domain.program import ProgramDefinition
    from loyalty.domain.tasks import Task

GUARD: Final = "hold"


def shown_card(customer: CustomerRef) -> str | None:
    """Return what stands for the card that an order shows; None without one.

    Holds are about cards: one that goes from hand to hand earns too often.
    """
    cards = [identity.value for identity in customer.identities if identity.kind == "card"]
    return hashlib.sha256(cards[0].encode()).hexdigest()[:12] if cards else None


def fraud_tasks(order: AcceptedOrder, now: datetime, ids: Ids) -> tuple[Task, ...]:
    """Return the task to look at an order whose points are held; none for any other order."""
    if not order.held or order.member_id is None or order.counted_on is None:
        return ()
    # Imported where it is needed: few orders open a task, and every cold start would pay for it.
    from loyalty.domain.tasks import Task

    cause = order.key.cause
    task = Task(
        task_id=ids.derive("t", f"fraud/{cause}"),
        kind="fraud_review",
        member_ids=(order.member_id,),
        opened_at=now,
        cause=cause,
        data={
            "source": order.key.source,
            "order_id": order.key.order_id,
            "points": order.points,
            "counted_on": order.counted_on.isoformat(),
        },
    )
    return (task,)


def is_held(account: Account, order: OrderKey) -> bool:
    """Tell whether points of an order wait for staff."""
    return any(part.points and part.held_by == order.cause for part in account.pending)


def is_rejected(order: OrderKey, member_id: str, store: MemberStore) -> bool:
    """Tell whether staff took back the held points of an order, its customer's then: 1 read."""
    return store.guard(member_id, GUARD, order.cause) is not None


def settle_hold(change: MemberChange, task: Task, definition: ProgramDefinition) -> MemberChange:
    """Add what the decision on held points brings: released at their normal time, or taken back.

    The bonus of offers that the order named goes with its points.

    Parameters
    ----------
    change
        The member's change that the decision brings; already one version further.
    task
        As decided.
    definition
        Not needed: the rules of the order's own time hold.
    """
    member = change.member
    if member is None:
        raise ValueError("held points are a member's")
    decided_at = task.decisions[-1].decided_at
    after, entries = member, []
    for part in _held_for(member.account, task):
        posting = Posting(
            member_id=member.member_id,
            business_key=f"hold/{part.held_by}",
            occurred_at=decided_at,
            recorded_at=decided_at,
            reason=f"held points {task.state}",
        )
        if task.state == "approved":
            account, entry = unhold(after.account, posting, part)
            after = replace(after, account=account)
        else:
            after, entry = _without_held(after, posting, part, task)
        entries.append(entry)
    guards = change.guards
    if task.state != "approved":
        guards = (*guards, Guard(GUARD, task.cause, task.member_id, dict(task.data), {}))
    return replace(
        change,
        member=after,
        entries=(*change.entries, *entries),
        due=(*change.due, *newly_due(member.account, after)),
        guards=guards,
    )


def _held_for(account: Account, task: Task) -> tuple[PendingPoints, ...]:
    """Return what is held for the task's order: its own points, and bonuses that came with it."""
    order = OrderKey.of_cause(task.cause)
    return tuple(
        part
        for part in account.pending
        if part.held_by is not None and OrderKey.of_cause(part.held_by) == order
    )


def _without_held(
    member: Member, posting: Posting, held: PendingPoints, task: Task
) -> tuple[Member, Entry]:
    """Take back what is held for the task's order, its own also out of the totals of its day."""
    account, entry = reverse(member.account, posting, held)
    after = replace(member, account=account)
    if held.held_by != task.cause:
        return after, entry
    day = date.fromisoformat(str(task.data["counted_on"]))
    less = Purchase(points_due=-held.points, points_posted=-held.points)
    return replace(
        after,
        months=count_in_months(member.months, day, less),
        days=count_in_days(member.days, day, less),
    ), entry
