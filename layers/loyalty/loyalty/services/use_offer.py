"""Using an offer: counted once, within its budget and the member's limit."""

from __future__ import annotations

from dataclasses import replace

from loyalty.contracts.offers import OfferUseAnswer, OfferUseRequest
from loyalty.domain.acceptance import require_past
from loyalty.domain.errors import MemberNotFound, OwnAccount
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import (
    OfferNeedsTill,
    OfferNotFound,
    OfferUseConflict,
    OrderNeedsTill,
)
from loyalty.domain.offer_rules import uses_left
from loyalty.domain.offer_uses import (
    Bonus,
    OfferUse,
    UseDecision,
    new_use,
    use,
    uses_so_far,
)
from loyalty.domain.offers import Offer
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.use_counts import OrderUse, UseCounts
from loyalty.services.dues import newly_due
from loyalty.services.offer_context import current_context
from loyalty.services.offer_ports import OfferContext, OfferStore, OfferUseChange
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

COUNTED_BY_ORDER = "counted_by_order"


def use_offer(
    offer_id: str,
    request: OfferUseRequest,
    *,
    own_member_id: str | None,
    by_member: bool,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> tuple[OfferUseAnswer, bool]:
    """Use an offer: count, limits, bonus points and engagement in one transaction.

    Each `use_id` counts once per offer, and not at all where the order itself has told of the use.
    Requests: 1 read and 1 transaction, 1 read for a repeat; 1 read more for a member who was merged
    into another one, and 1 more with an order for one who absorbed another one.

    Parameters
    ----------
    offer_id, request
        Which offer, who uses it, when, with which order.
    own_member_id, by_member
        The member that the caller is themselves, if any, and whether they are nothing else. Members
        themselves use early access only, now and with no order; staff use nothing for themselves.

    Returns
    -------
    tuple of OfferUseAnswer and bool
        The answer (a repeat gets the first one), and whether it was counted just now.

    Raises
    ------
    OfferUseConflict
        The id came before for another member or order.
    MemberNotFound, OfferNotFound
        There is no such customer or offer.
    OfferIsOver, OfferNotYetValid, OfferNotForMember, OfferNotInStore, OfferUsedUp,
    OfferLimitReached, SwitchedOff
        The rules refuse it.
    OwnAccount, OfferNeedsTill, OrderNeedsTill
        The caller may not use it for themselves, or not with an order.
    FutureDate
        The use lies in the future.
    MemberBusy
        Others kept changing the member or the offer.
    """
    require_past(request.occurred_at, clock.now())
    if by_member and request.order_id is not None:
        raise OrderNeedsTill(request.order_id)

    def attempt() -> tuple[OfferUseAnswer, bool]:
        now = clock.now()
        definition = program.current(now)
        asked = new_use(
            offer_id=offer_id,
            use_id=request.use_id,
            member_id=request.member_id,
            occurred_at=now if by_member else request.occurred_at,
            order_id=request.order_id,
            store_id=request.store_id,
            definition=definition,
            now=now,
        )
        found = context_of(asked, offers)
        if found.use is not None:
            return _first_answer(found.use, asked), False
        member, offer = found.member, found.offer
        if member is None:
            raise MemberNotFound(request.member_id)
        if not by_member and own_member_id in (request.member_id, *member.member_ids):
            raise OwnAccount("nobody uses offers for themselves at work")
        if offer is None:
            raise OfferNotFound(offer_id)
        if by_member and offer.kind != "access":
            raise OfferNeedsTill(offer_id)
        counted = told_otherwise(asked, found, offers)
        if counted is not None:
            known, answer = _counted_by_order(asked, counted, found, offer, member)
            store.commit(MemberChange(None, offer_use=OfferUseChange(known)))
            return answer, False
        change, answer = used_change(offer, member, asked, found.counts, definition)
        store.commit(change)
        return answer, True

    return with_retries(attempt)


def context_of(asked: OfferUse, offers: OfferStore, *, even_if_left: bool = False) -> OfferContext:
    """Read what deciding on a use needs: 1 read, and 1 more per merge of its member."""
    return current_context(
        offers,
        asked.member_id,
        asked.offer_id,
        use_id=asked.use_id,
        month=asked.month,
        order_id=asked.order_id,
        even_if_left=even_if_left,
    )


def told_otherwise(asked: OfferUse, found: OfferContext, offers: OfferStore) -> OrderUse | None:
    """Return the use that a till counted and its order now tells of, or the other way round.

    Also one that was counted for somebody whom the member absorbed since: 1 read for those.
    """
    member = found.member
    if asked.order_id is None or member is None:
        return None
    counted = found.counts.with_order.told_otherwise(asked.use_id)
    if counted is not None or not member.absorbed:
        return counted
    absorbed = offers.order_uses(member.absorbed, asked.offer_id, asked.order_id)
    told = (uses.told_otherwise(asked.use_id) for uses in absorbed)
    return next((use for use in told if use is not None), None)


def used_change(
    offer: Offer,
    member: Member,
    asked: OfferUse,
    counts: UseCounts,
    definition: ProgramDefinition,
    bonus: Bonus = "free",
) -> tuple[MemberChange, OfferUseAnswer]:
    """Return everything that a use writes, and its answer; raise what the rules refuse."""
    at = asked.recorded_at
    next_version = replace(member, version=member.version + 1)
    decision = use(offer, next_version, asked, counts, definition=definition, now=at, bonus=bonus)
    uses = uses_so_far(member, offer.offer_id, counts) + 1
    answer = _answer(decision.use, offer, decision.member, uses)
    used = replace(decision.use, answer=answer.model_dump(mode="json"))
    change = changed(
        member,
        decision,
        OfferUseChange(
            used,
            counts_of=used.counted_for,
            before=counts,
            after=decision.counts,
            budget=int(used.takes_budget),
            offer_revision=offer.revision,
        ),
    )
    return change, answer


def changed(before: Member, decision: UseDecision, written: OfferUseChange) -> MemberChange:
    """Return a decision as the change of its member."""
    return MemberChange(
        member=decision.member,
        expected_version=before.version,
        entries=decision.entries,
        status_changes=decision.facts,
        due=newly_due(before.account, decision.member),
        offer_use=written,
    )


def _first_answer(used: OfferUse, asked: OfferUse) -> OfferUseAnswer:
    if (used.member_id, used.order_id) != (asked.member_id, asked.order_id):
        raise OfferUseConflict(asked.use_id)
    return OfferUseAnswer.model_validate(used.answer)


def _counted_by_order(
    asked: OfferUse, counted: OrderUse, found: OfferContext, offer: Offer, member: Member
) -> tuple[OfferUse, OfferUseAnswer]:
    """Return a till's use that the order has told of, and its answer: nothing comes of it."""
    uses = uses_so_far(member, offer.offer_id, found.counts)
    answer = _answer(asked, offer, member, uses)
    known = replace(
        asked,
        state="refused",
        refusal=COUNTED_BY_ORDER,
        counted_as=counted.use_id,
        answer=answer.model_dump(mode="json"),
    )
    return known, answer


def _answer(used: OfferUse, offer: Offer, member: Member, uses: int) -> OfferUseAnswer:
    return OfferUseAnswer(
        use_id=used.use_id,
        offer_id=used.offer_id,
        member_id=member.member_id,
        status=member.status,
        uses=uses,
        uses_left=uses_left(offer, uses),
        points=points_of(used),
        points_pending=member.account.points_pending,
        points_available=spendable(member.account, used.recorded_at),
    )


def points_of(used: OfferUse) -> int:
    """Return the bonus points of a use."""
    return used.earned.points if used.earned else 0
