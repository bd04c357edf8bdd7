"""Taking back what returned goods earned; a return before its order waits for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loyalty.domain.acceptance import REFUSED, ReturnDecision, require_past
from loyalty.domain.acceptance import accept_return as decide_return
from loyalty.domain.errors import ReturnConflict, ReturnExceedsOrder
from loyalty.domain.member import Member
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey, OrderReturns, Return
from loyalty.domain.returns import fingerprint, wait_for_order
from loyalty.services.customers import Merged, survivor_of
from loyalty.services.holds import is_rejected
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge


@dataclass(frozen=True, slots=True)
class ReturnOutcome:
    """The answer to a return: `waiting` for its order, or counted; `created` by this call."""

    answer: dict[str, object]
    waiting: bool
    created: bool


def accept_return(
    key: OrderKey, return_: Return, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> ReturnOutcome:
    """Count a return once: points and lifetime spend go back in proportion to what came back.

    It can undo an upgrade of the tier.

    Requests: 1 batch read, 1 read of the order's customer, 1 transaction; 1 batch read for a
    duplicate; 1 batch read and 1 transaction for a return that waits.

    Parameters
    ----------
    key
        The order that the goods belong to.
    return_
        What came back.

    Raises
    ------
    ReturnConflict
        The same return id came before with another content.
    ReturnExceedsOrder
        More than the order would have come back; also for a return that waited and was refused.
    TooManyReturnsWaiting
        Too many returns wait for this order already.
    FutureDate
        The return lies in the future.
    MemberBusy
        Others kept changing the member.
    """
    require_past(return_.occurred_at, clock.now())

    def decide() -> ReturnOutcome:
        context = store.order_context(key, return_id=return_.return_id)
        if context.accepted_return is not None:
            return _counted_before(return_, context.accepted_return)
        returns = context.returns or OrderReturns(key)
        if context.order is None:
            return _wait(returns, return_, store)
        return _count(context.order, returns, return_, store, program, clock)

    return with_retries(decide)


def _wait(returns: OrderReturns, return_: Return, store: MemberStore) -> ReturnOutcome:
    waiting = wait_for_order(returns, return_)
    if waiting is not None:
        store.commit(MemberChange(None, requires_no_order=returns.key, returns=waiting))
    answer: dict[str, object] = {"points_reversed": 0, "points_available": None, "waiting": True}
    return ReturnOutcome(answer, waiting=True, created=waiting is not None)


def _count(
    order: AcceptedOrder,
    returns: OrderReturns,
    return_: Return,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> ReturnOutcome:
    customer = store.member(order.member_id) if order.member_id else None
    before, followed = survivor_of(store, customer)
    now = clock.now()
    decision = decide_return(
        order,
        returns,
        return_,
        _next_version(before),
        now,
        definition=program.current(now),
        is_forfeited=_is_forfeited(order, store),
    )
    store.commit(
        MemberChange(
            member=decision.member,
            expected_version=before.version if before else 0,
            entries=decision.entries,
            status_changes=decision.status_changes,
            returns=replace(decision.returns, version=returns.version + 1),
            accepted_returns=(decision.accepted,),
            merges=_less_return(followed, order, decision),
        )
    )
    return ReturnOutcome(decision.accepted.answer, waiting=False, created=True)


def _is_forfeited(order: AcceptedOrder, store: MemberStore) -> bool:
    """Tell whether the order's points were held and rejected: 1 read if they were held."""
    if not order.held or order.member_id is None:
        return False
    return is_rejected(order.key, order.member_id, store)


def _less_return(
    followed: tuple[Merged, ...], order: AcceptedOrder, decision: ReturnDecision
) -> tuple[Merge, ...]:
    if not followed:
        return ()
    # Imported where it is needed: few returns follow a merge.
    from loyalty.domain.merging import less_return

    return tuple(
        less_return(merged.merge, order, decision.accepted, decision.entries) for merged in followed
    )


def _next_version(member: Member | None) -> Member | None:
    return replace(member, version=member.version + 1) if member else None


def _counted_before(return_: Return, accepted: AcceptedReturn) -> ReturnOutcome:
    if fingerprint(return_) != accepted.fingerprint:
        raise ReturnConflict(f"return {return_.return_id} was counted with another content")
    if REFUSED in accepted.answer:
        raise ReturnExceedsOrder(str(accepted.answer[REFUSED]))
    return ReturnOutcome(accepted.answer, waiting=False, created=False)
