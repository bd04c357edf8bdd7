"""Offers that an order names: used by its member once it is accepted, taken back with its goods.

The order itself waits for none of that: a till is answered before. Nobody hears of a refusal, so it
is kept as a fact of the member.
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
from loyalty.domain.offer_uses import OfferUse, new_use, refuse
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.services.offer_ports import OfferContext, OfferStore, OfferUseChange
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.use_offer import changed, context_of, reversal_change, used_change

# What became of each offer: `used`, `reversed`, or the code of a refusal.
Outcomes = Mapping[str, str]
WITHOUT_MEMBER = "member_not_found"
COUNTED_BY_TILL = "counted_by_till"


class OrderOffers(NamedTuple):
    """The offers of an order, or of one that has come back as a whole, when that happened."""

    key: OrderKey
    member_id: str
    offer_ids: tuple[str, ...]
    occurred_at: datetime
    store_id: str | None = None


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
    was merged into another one.

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
        change, use = _decided(found, found.member, asked, definition)
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

    Requests by offer: 2 reads and 1 transaction; 1 read for a repeat.

    Parameters
    ----------
    order
        The order, as its return tells of it.

    Raises
    ------
    MemberBusy
        Others kept changing the member or the offer.
    """

    def take_back_one(offer_id: str) -> str:
        now = clock.now()
        asked = _asked(order, offer_id, program.current(now), now)
        used = offers.use(offer_id, asked.use_id)
        if used is None:
            # Its order's event is still on its way: it will find the use taken back already.
            never = replace(asked, state="reversed")
            store.commit(MemberChange(None, offer_use=OfferUseChange(never)))
            return _outcome(never)
        if used.state != "used":
            return _outcome(used)
        try:
            change, _ = reversal_change(used, offers, program, clock)
        except MemberNotFound:
            return WITHOUT_MEMBER
        store.commit(change)
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


def _decided(
    found: OfferContext, member: Member, asked: OfferUse, definition: ProgramDefinition
) -> tuple[MemberChange, OfferUse]:
    if found.counts.with_order:
        by_till = replace(asked, state="refused", refusal=COUNTED_BY_TILL)
        return MemberChange(None, offer_use=OfferUseChange(by_till)), by_till
    try:
        if found.offer is None:
            raise OfferNotFound(asked.offer_id)
        change, _ = used_change(found.offer, member, asked, found.counts, definition)
    except DomainError as refused:
        next_version = replace(member, version=member.version + 1)
        decision = refuse(asked, next_version, refused.code, asked.recorded_at)
        return changed(member, decision, OfferUseChange(decision.use)), decision.use
    return change, asked


def _outcome(use: OfferUse) -> str:
    return use.refusal or use.state
