"""Using an offer: counted once, within its budget and the member's limit; and taking it back."""

from __future__ import annotations

from dataclasses import replace

from loyalty.contracts.offers import OfferUseAnswer, OfferUseRequest, OfferUseReversalAnswer
from loyalty.domain.acceptance import require_past
from loyalty.domain.errors import MemberNotFound, OwnAccount
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import (
    OfferNeedsTill,
    OfferNotFound,
    OfferUseConflict,
    OfferUseNotFound,
)
from loyalty.domain.offer_rules import uses_left
from loyalty.domain.offer_uses import (
    OfferUse,
    UseCounts,
    UseDecision,
    new_use,
    reverse_use,
    use,
    uses_so_far,
)
from loyalty.domain.offers import Offer
from loyalty.domain.program import ProgramDefinition
from loyalty.services.dues import newly_due
from loyalty.services.offer_context import current_context
from loyalty.services.offer_ports import OfferContext, OfferStore, OfferUseChange
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


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

    Each `use_id` counts once per offer. Requests: 1 read and 1 transaction, 1 read for a repeat; 1
    read more for a member who was merged into another one.

    Parameters
    ----------
    offer_id, request
        Which offer, who uses it, when, with which order.
    own_member_id, by_member
        The member that the caller is themselves, if any, and whether they are nothing else. Members
        themselves use early access only; staff use nothing for themselves.

    Returns
    -------
    tuple of OfferUseAnswer and bool
        The answer (a repeat gets the first one), and whether it was used just now.

    Raises
    ------
    OfferUseConflict
        The id came before for another member or order.
    MemberNotFound, OfferNotFound
        There is no such customer or offer.
    OfferIsOver, OfferNotYetValid, OfferNotForMember, OfferNotInStore, OfferUsedUp,
    OfferLimitReached, SwitchedOff
        The rules refuse it.
    OwnAccount, OfferNeedsTill
        The caller may not use it for themselves.
    FutureDate
        The use lies in the future.
    MemberBusy
        Others kept changing the member or the offer.
    """
    require_past(request.occurred_at, clock.now())

    def attempt() -> tuple[OfferUseAnswer, bool]:
        now = clock.now()
        definition = program.current(now)
        asked = new_use(
            offer_id=offer_id,
            use_id=request.use_id,
            member_id=request.member_id,
            occurred_at=request.occurred_at,
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
        if not by_member and own_member_id in (request.member_id, member.member_id):
            raise OwnAccount("nobody uses offers for themselves at work")
        if offer is None:
            raise OfferNotFound(offer_id)
        if by_member and offer.kind != "access":
            raise OfferNeedsTill(offer_id)
        change, answer = used_change(offer, member, asked, found.counts, definition)
        store.commit(change)
        return answer, True

    return with_retries(attempt)


def reverse_offer_use(
    offer_id: str,
    use_id: str,
    *,
    own_member_id: str | None,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> OfferUseReversalAnswer:
    """Take a use back as a whole, once: budget, counts and bonus points.

    A member who became active by it stays so. Requests: 2 reads and 1 transaction; 1 read for a
    repeat; 1 read more for a member who was merged into another one.

    Parameters
    ----------
    offer_id, use_id
        Which use.
    own_member_id
        The member that the caller is themselves, if any.

    Raises
    ------
    OwnAccount
        Nobody takes back their own uses.
    OfferUseNotFound, MemberNotFound
        There is no such use, or its member is gone.
    MemberBusy
        Others kept changing the member or the offer.
    """

    def attempt() -> OfferUseReversalAnswer:
        used = offers.use(offer_id, use_id)
        if used is None:
            raise OfferUseNotFound(use_id)
        if own_member_id == used.member_id:
            raise OwnAccount("nobody takes back their own uses")
        if used.reversal_answer is not None:
            return OfferUseReversalAnswer.model_validate(used.reversal_answer)
        change, answer = reversal_change(used, offers, program, clock)
        store.commit(change)
        return answer

    return with_retries(attempt)


def context_of(asked: OfferUse, offers: OfferStore) -> OfferContext:
    """Read what deciding on a use needs: 1 read, and 1 more per merge of its member."""
    return current_context(
        offers,
        asked.member_id,
        asked.offer_id,
        use_id=asked.use_id,
        month=asked.month,
        order_id=asked.order_id,
    )


def used_change(
    offer: Offer,
    member: Member,
    asked: OfferUse,
    counts: UseCounts,
    definition: ProgramDefinition,
) -> tuple[MemberChange, OfferUseAnswer]:
    """Return everything that a use writes, and its answer; raise what the rules refuse."""
    at = asked.recorded_at
    next_version = replace(member, version=member.version + 1)
    decision = use(offer, next_version, asked, counts, definition=definition, now=at)
    after = decision.member
    uses = uses_so_far(member, offer.offer_id, counts) + 1
    answer = OfferUseAnswer(
        use_id=asked.use_id,
        offer_id=asked.offer_id,
        member_id=after.member_id,
        status=after.status,
        uses=uses,
        uses_left=uses_left(offer, uses),
        points=_points(decision.use),
        points_pending=after.account.points_pending,
        points_available=spendable(after.account, at),
    )
    used = replace(decision.use, answer=answer.model_dump(mode="json"))
    change = changed(
        member,
        decision,
        OfferUseChange(
            used,
            counted_for=after.member_id,
            before=counts,
            after=counts.plus(1),
            budget=int(used.takes_budget),
            offer_revision=offer.revision,
        ),
    )
    return change, answer


def reversal_change(
    used: OfferUse, offers: OfferStore, program: ProgramStore, clock: Clock
) -> tuple[MemberChange, OfferUseReversalAnswer]:
    """Return everything that a reversal writes, and its answer; 1 read, 1 more per merge."""
    found = context_of(used, offers)
    member, now = found.member, clock.now()
    if member is None:
        raise MemberNotFound(used.member_id)
    decision = reverse_use(
        used,
        replace(member, version=member.version + 1),
        found.counts,
        definition=program.current(now),
        now=now,
    )
    answer = OfferUseReversalAnswer(
        use_id=used.use_id,
        offer_id=used.offer_id,
        state="reversed",
        points=_points(used),
        points_pending=decision.member.account.points_pending,
        points_available=spendable(decision.member.account, now),
    )
    has_budget = found.offer is not None and found.offer.budget_uses is not None
    change = changed(
        member,
        decision,
        OfferUseChange(
            replace(decision.use, reversal_answer=answer.model_dump(mode="json")),
            state_before="used",
            counted_for=member.member_id,
            before=found.counts,
            after=found.counts.plus(-1),
            budget=-int(used.takes_budget and has_budget),
            offer_revision=found.offer.revision if found.offer else 0,
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


def _points(used: OfferUse) -> int:
    return used.earned.points if used.earned else 0
