"""What an order would earn."""

from __future__ import annotations

from loyalty.contracts.orders import QuoteAnswer
from loyalty.contracts.values import Money
from loyalty.domain.acceptance import Rules, accept_order, require_past
from loyalty.domain.identity import CustomerRef
from loyalty.domain.orders import Order
from loyalty.services.identities import KnownCustomer, known_customer
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


def quote_points(
    order: Order, customer: CustomerRef, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> QuoteAnswer:
    """Tell what an order would do if it were accepted now; changes nothing.

    An unknown customer would earn nothing. Requests: 1 batch read, and 1 read for a customer who is
    found by identity.

    Raises
    ------
    MemberNotFound
        The order names a member who does not exist.
    FutureDate
        The order lies in the future.
    UnknownCurrency
        The program cannot convert the order's currency.
    MemberBusy
        The customer kept changing while they were read.
    """
    now = clock.now()
    require_past(order.occurred_at, now)

    def read() -> KnownCustomer:
        context = store.order_context(
            order.key, member_id=customer.member_id, identities=customer.identities
        )
        return known_customer(customer, named=context.member, owners=context.owners, store=store)

    known = with_retries(read)
    rules = Rules(earning=program.current(order.occurred_at), journey=program.current(now))
    decision = accept_order(order, known.member, waiting=None, rules=rules, now=now)
    return QuoteAnswer(
        points=decision.order.points,
        eligible=Money(amount_minor=decision.order.eligible_minor, currency=rules.earning.currency),
        threshold_crossed=bool(decision.status_changes),
    )
