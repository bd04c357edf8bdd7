"""Reading customers: profile, ledger, orders and what happened to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty.contracts.members import (
    ConsentView,
    JourneyPage,
    JourneyStepView,
    LedgerEntryView,
    LedgerLineView,
    LedgerPage,
    MemberView,
    OrderPage,
    OrderView,
    ProgressView,
    RewardGoalView,
)
from loyalty.contracts.values import Money
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.identity import CustomerRef, resolve
from loyalty.domain.ledger import Entry, spendable
from loyalty.domain.member import Member
from loyalty.domain.preferences import all_preferences
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.rewards import Reward
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.statement import Figures, RewardCatalogue, RewardGoal, figures


def profile(
    member_id: str,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: RewardCatalogue,
    clock: Clock,
) -> MemberView:
    """Return a customer's profile, the survivor's after a merge. Requests: 1 read (2 then).

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    """
    now = clock.now()
    member = current_member(store, member_id)
    return view(member, program.current(now), now, rewards=catalogue.rewards())


def look_up(
    customer: CustomerRef,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: RewardCatalogue,
    clock: Clock,
) -> MemberView:
    """Return the profile of the owner of the strongest known identity. Requests: 2 reads.

    Raises
    ------
    MemberNotFound
        Nobody has any of the identities.
    """
    member_id = resolve(customer, store.owners(customer.identities)).member_id
    if member_id is None:
        raise MemberNotFound("nobody has this identity")
    return profile(member_id, store=store, program=program, catalogue=catalogue, clock=clock)


def ledger(member_id: str, *, limit: int, cursor: str | None, store: MemberStore) -> LedgerPage:
    """Return a page of the points ledger, newest entry first.

    Requests: 1 query, and 1 read when there is nothing.

    Raises
    ------
    MemberNotFound
        There is no such customer.
    """
    entries, next_cursor = store.entries(member_id, limit=limit, cursor=cursor)
    if not entries:
        current_member(store, member_id)
    return LedgerPage(items=tuple(map(_entry_view, entries)), next_cursor=next_cursor)


def orders(member_id: str, *, limit: int, cursor: str | None, store: MemberStore) -> OrderPage:
    """Return a page of accepted orders, newest first. Requests and errors as for `ledger`."""
    accepted, next_cursor = store.orders(member_id, limit=limit, cursor=cursor)
    if not accepted:
        current_member(store, member_id)
    items = tuple(
        OrderView(
            source=order.key.source,
            order_id=order.key.order_id,
            occurred_at=order.occurred_at,
            store_id=order.store_id,
            total=Money(amount_minor=order.total.amount_minor, currency=order.total.currency),
            points=order.points,
        )
        for order in accepted
    )
    return OrderPage(items=items, next_cursor=next_cursor)


def journey(member_id: str, *, limit: int, cursor: str | None, store: MemberStore) -> JourneyPage:
    """Return a page of what happened, newest first. Requests and errors as for `ledger`."""
    changes, next_cursor = store.status_changes(member_id, limit=limit, cursor=cursor)
    if not changes:
        current_member(store, member_id)
    items = tuple(
        JourneyStepView(
            event=change.event,
            occurred_at=change.occurred_at,
            from_status=change.from_status,
            to_status=change.to_status,
            data=dict(change.data),
        )
        for change in changes
    )
    return JourneyPage(items=items, next_cursor=next_cursor)


def view(
    member: Member, definition: ProgramDefinition, at: datetime, *, rewards: Sequence[Reward] = ()
) -> MemberView:
    """Return what the API shows of a customer at an instant: no identities, no name."""
    found = figures(member, definition, rewards, at)
    return MemberView(
        member_id=member.member_id,
        enrolled=member.enrolled,
        status=member.status,
        inactive_reason=member.inactive_reason,
        tier=member.tier,
        points_available=spendable(member.account, at),
        points_pending=member.account.points_pending,
        owed=member.account.owed,
        lifetime_spend=Money(
            amount_minor=member.lifetime_spend_minor, currency=definition.currency
        ),
        joined_at=member.joined_at,
        variant=member.variant,
        invite_suppressed=member.invite_suppressed,
        consents={
            channel: ConsentView(
                granted=consent.granted,
                recorded_at=consent.recorded_at,
                source=consent.source,
                wording_version=consent.wording_version,
            )
            for channel, consent in member.consents.items()
        },
        preferences={**all_preferences(member)},
        is_top=found.is_top,
        saved_since_joining=Money(amount_minor=found.saved_minor, currency=definition.currency),
        progress=_progress_view(found) if member.enrolled else None,
        rewards=tuple(map(_goal_view, found.obtainable)),
    )


def _progress_view(found: Figures) -> ProgressView:
    return ProgressView(
        next_tier=found.next_tier,
        missing=found.missing,
        missing_unit=found.missing_unit,
        cheapest_reward=_goal_view(found.cheapest_reward) if found.cheapest_reward else None,
    )


def _goal_view(goal: RewardGoal) -> RewardGoalView:
    return RewardGoalView(
        reward_id=goal.reward_id, name=goal.name, points=goal.points, missing=goal.missing
    )


def entry_id(entry: Entry) -> str:
    """Return the id under which the API names a ledger entry."""
    return f"{entry.member_id}-{entry.sequence}"


def _entry_view(entry: Entry) -> LedgerEntryView:
    return LedgerEntryView(
        entry_id=entry_id(entry),
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        points=entry.points,
        balance_after=entry.balance_after,
        reason=entry.reason,
        lines=tuple(
            LedgerLineView(account=line.account, points=line.points) for line in entry.lines
        ),
    )
