"""Accepting a fulfilled order, once for ever, through whichever door it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from loyalty.domain.acceptance import OrderDecision, Rules, require_past
from loyalty.domain.acceptance import accept_order as decide_order
from loyalty.domain.errors import OrderConflict
from loyalty.domain.identity import CustomerRef
from loyalty.domain.ledger import Account
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, Order, OrderReturns
from loyalty.domain.profile import learn
from loyalty.domain.tastes import with_tastes_of
from loyalty.services.dues import newly_due
from loyalty.services.holds import fraud_tasks, shown_card
from loyalty.services.identities import KnownCustomer, known_customer, merge_tasks, new_customer
from loyalty.services.ports import (
    Clock,
    Ids,
    MemberChange,
    MemberStore,
    OrderExists,
    ProgramStore,
)
from loyalty.services.retrying import with_retries


class OrderOutcome(NamedTuple):
    """The answer to an order; `created` is False when it was accepted before."""

    answer: dict[str, object]
    created: bool


def accept_order(
    order: Order,
    customer: CustomerRef,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    ids: Ids,
) -> OrderOutcome:
    """Credit an order to its customer: lifetime spend, points, perhaps the Elite threshold.

    An unknown customer with an identity becomes a prospect; an order without any is kept for
    nobody. Returns that waited for the order are counted with it.

    Requests: 1 batch read and 1 transaction when the order names its member; 1 read more when an
    identity leads to the customer; 1 batch read for a duplicate (a batch read and a refused
    transaction when the duplicates race).

    Parameters
    ----------
    order
        As it came in; `occurred_at` decides the rules, at most 5 minutes ahead of the clock.
    customer
        What the order says about its customer.

    Returns
    -------
    OrderOutcome
        The first answer again when the order was accepted before.

    Raises
    ------
    OrderConflict
        The same order was accepted with another total or currency.
    MemberNotFound
        The order names a member who does not exist.
    FutureDate
        The order lies in the future.
    UnknownCurrency
        The program cannot convert the order's currency.
    MemberBusy
        Others kept changing the member.
    """
    require_past(order.occurred_at, clock.now())

    def decide() -> OrderOutcome:
        context = store.order_context(
            order.key, member_id=customer.member_id, identities=customer.identities
        )
        if context.order is not None:
            return _accepted_before(order, context.order)
        known = known_customer(customer, named=context.member, owners=context.owners, store=store)
        now = clock.now()
        before = known.member
        if before is None and customer.identities:
            before = new_customer(ids, order.key.cause, now)
        decision, change = _decided(
            order, customer, before, known, waiting=context.returns, program=program, now=now
        )
        tasks = merge_tasks(known, order.key.cause, now, ids)
        change = replace(change, tasks=tasks + fraud_tasks(decision.order, now, ids))
        try:
            store.commit(change)
        except OrderExists as raced:
            return _accepted_before(order, raced.order)
        return OrderOutcome(decision.order.answer, created=True)

    return with_retries(decide)


def _decided(
    order: Order,
    customer: CustomerRef,
    before: Member | None,
    known: KnownCustomer,
    *,
    waiting: OrderReturns | None,
    program: ProgramStore,
    now: datetime,
) -> tuple[OrderDecision, MemberChange]:
    """Decide on the order of `before`, the customer as stored or new, and say what to write."""
    rules = Rules(earning=program.current(order.occurred_at), journey=program.current(now))
    member: Member | None = None
    learned: tuple[StatusChange, ...] = ()
    if before is not None:
        member, learned = learn(
            replace(before, version=before.version + 1),
            customer,
            known.claims,
            source=order.key.source,
            said_at=order.occurred_at,
            definition=rules.journey,
            now=now,
            verifies=known.member is None,
        )
        member = with_tastes_of(order, member, rules.journey)
    decision = decide_order(
        order,
        member,
        waiting=waiting,
        rules=rules,
        now=now,
        identity_conflict=bool(known.others),
        earned_with=shown_card(customer),
    )
    return decision, MemberChange(
        member=decision.member,
        expected_version=before.version if before else 0,
        entries=decision.entries,
        status_changes=learned + decision.status_changes,
        claims=known.claims if before else (),
        order=decision.order,
        returns=decision.returns,
        accepted_returns=decision.accepted_returns,
        due=newly_due(before.account if before else Account(), decision.member)
        if decision.member
        else (),
    )


def _accepted_before(order: Order, accepted: AcceptedOrder) -> OrderOutcome:
    if order.total != accepted.total:
        raise OrderConflict(f"{order.key.cause} was accepted with another total")
    return OrderOutcome(accepted.answer, created=False)
