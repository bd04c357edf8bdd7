"""Offers that an order names: used by its member once it is accepted, taken back with its goods.

The order itself waits for none of that: a till is answered before. Nobody hears of a refusal, so it
is kept as a fact of the member. What tills have counted with the order is the order's use too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from loyalty.domain.errors import DomainError, MemberNotFound
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import OfferNotFound
from loyalty.domain.offer_uses import Bonus, OfferUse, new_use, refuse
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.use_counts import OrderUse
from loyalty.services.holds import is_held, is_rejected
from loyalty.services.offer_ports import OfferContext, OfferStore, OfferUseChange
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.reverse_offer_use import reversal_change
from loyalty.services.use_offer import changed, context_of, told_otherwise, used_change

# What became of each offer: `used`, `reversed`, or the code of a refusal.
Outcomes = Mapping[str, str]
WITHOUT_MEMBER = "member_not_found"
COUNTED_BY_TILL = "counted_by_till"


class OrderOffers(NamedTuple):
    """The offers of an order, or of one that has come back as a whole, when that happened.

    `held` says that the order's points wait for staff: bonuses do with them.
    """

    key: OrderKey
    member_id: str
    offer_ids: tuple[str, ...]
    occurred_at: datetime
    store_id: str | None = None
    held: bool = False


def use_offers_of_order(
    order: OrderOffers,
    *,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> Outcomes:
    """Use each offer of an accepted order once; what a till has counted with it is not used again.

    Requests by offer: 1 read and 1 transaction, 1 read for a repeat; 1 read more for a member who
    was merged into another one, for one who absorbed another one, and for a bonus with points that
    were held and are no more.

    Parameters
    ----------
    order
        The accepted order.

    Raises
    ------
    MemberBusy
        Others kept changing the member or the offer.
    """

    def use_one(offer_id: str) -> str:
        now = clock.now()
        definition = program.current(now)
        asked = _asked(order, offer_id, definition, now)
        found = context_of(asked, offers)
        if found.use is not None:
            return _outcome(found.use)
        if found.member is None:
            return WITHOUT_MEMBER
        told = told_otherwise(asked, found, offers)
        if told is not None:
            use = _counted_by_till(asked, told)
            store.commit(MemberChange(None, offer_use=OfferUseChange(use)))
            return _outcome(use)
        bonus = _bonus(order, found, found.member, store)
        change, use = _decided(found, found.member, asked, definition, bonus)
        store.commit(change)
        return _outcome(use)

    return _each(order, use_one)


def take_back_offers_of_order(
    order: OrderOffers,
    *,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> Outcomes:
    """Take back what an order has used whose goods all came back; what it has not, it never will.

    What tills have counted with it goes back too. Requests by offer: 2 reads and 1 transaction, 1
    read for a repeat; 3 reads and 1 transaction for each use of a till. More for merges, as for
    using.

    Parameters
    ----------
    order
        The order, as its return tells of it.

    Raises
    ------
    MemberBusy
        Others kept changing the member or the offer.
    """

    def reverse(used: OfferUse | None) -> None:
        if used is not None and used.state == "used":
            changes, _ = reversal_change(
                used, store=store, offers=offers, program=program, clock=clock
            )
            store.commit(*changes)

    def take_back_one(offer_id: str) -> str:
        now = clock.now()
        asked = _asked(order, offer_id, program.current(now), now)
        found = context_of(asked, offers, even_if_left=True)
        try:
            for by_till in _by_tills(asked, found, offers):
                reverse(offers.use(offer_id, by_till.use_id))
            reverse(found.use)
        except MemberNotFound:
            return WITHOUT_MEMBER
        if found.use is not None:
            is_back = found.use.state == "used" or found.use.counted_as is not None
            return "reversed" if is_back else _outcome(found.use)
        if found.member is None:
            return WITHOUT_MEMBER
        # Its order's event is still on its way: it will find the use taken back already.
        store.commit(MemberChange(None, offer_use=_never(asked, found, found.member, offers)))
        return "reversed"

    return _each(order, take_back_one)


def _each(order: OrderOffers, attempt: Callable[[str], str]) -> Outcomes:
    return {offer_id: with_retries(partial(attempt, offer_id)) for offer_id in order.offer_ids}


def _asked(
    order: OrderOffers, offer_id: str, definition: ProgramDefinition, now: datetime
) -> OfferUse:
    return new_use(
        offer_id=offer_id,
        # No client's own id has a slash.
        use_id=order.key.cause,
        member_id=order.member_id,
        occurred_at=order.occurred_at,
        order_id=order.key.order_id,
        store_id=order.store_id,
        definition=definition,
        now=now,
    )


def _bonus(order: OrderOffers, found: OfferContext, member: Member, store: MemberStore) -> Bonus:
    """Return what becomes of a bonus: what becomes of the order's own points."""
    if not order.held or found.offer is None or not found.offer.points:
        return "free"
    if is_held(member.account, order.key):
        return "held"
    return "forfeited" if is_rejected(order.key, order.member_id, store) else "free"


def _decided(
    found: OfferContext,
    member: Member,
    asked: OfferUse,
    definition: ProgramDefinition,
    bonus: Bonus,
) -> tuple[MemberChange, OfferUse]:
    try:
        if found.offer is None:
            raise OfferNotFound(asked.offer_id)
        change, _ = used_change(found.offer, member, asked, found.counts, definition, bonus)
    except DomainError as refused:
        next_version = replace(member, version=member.version + 1)
        decision = refuse(asked, next_version, found.counts, refused.code, asked.recorded_at)
        return changed(member, decision, OfferUseChange(decision.use)), decision.use
    return change, asked


def _counted_by_till(asked: OfferUse, told: OrderUse) -> OfferUse:
    return replace(asked, state="refused", refusal=COUNTED_BY_TILL, counted_as=told.use_id)


def _by_tills(asked: OfferUse, found: OfferContext, offers: OfferStore) -> tuple[OrderUse, ...]:
    """Return what tills have counted with the order: 1 read for who absorbed another one."""
    known = [found.counts.with_order]
    if found.member is not None and found.member.absorbed:
        known += offers.order_uses(found.member.absorbed, asked.offer_id, str(asked.order_id))
    return tuple(use for uses in known for use in uses.by_tills())


def _never(
    asked: OfferUse, found: OfferContext, member: Member, offers: OfferStore
) -> OfferUseChange:
    """Return a use that was taken back before it was counted; no till counts it either."""
    told = told_otherwise(asked, found, offers)
    if told is not None:
        return OfferUseChange(_counted_by_till(asked, told))
    never = replace(asked, state="reversed", counted_for=member.member_id)
    taken_back = OrderUse(asked.use_id, asked.month, is_reversed=True)
    after = replace(found.counts, with_order=found.counts.with_order.plus(taken_back))
    return OfferUseChange(never, counts_of=member.member_id, before=found.counts, after=after)


def _outcome(use: OfferUse) -> str:
    return use.refusal or use.state
