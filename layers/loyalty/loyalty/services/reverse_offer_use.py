"""Taking a use of an offer back: budget, counts and bonus points go where they came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.contracts.offers import OfferUseReversalAnswer
from loyalty.domain.errors import MemberNotFound, OwnAccount
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import OfferUseNotFound
from loyalty.domain.offer_uses import OfferUse, reverse_use, without_use
from loyalty.domain.orders import OrderKey
from loyalty.services.customers import survivor_of
from loyalty.services.holds import is_rejected
from loyalty.services.offer_ports import OfferStore, OfferUseChange
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.use_offer import changed, points_of

OWN_USE = "nobody takes back their own uses"


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

    A use that the order has told of before is that one's. A member who became active by it stays
    so. Requests: 2 reads and 1 transaction; 1 read for a repeat; 1 read more for a use that the
    order told of, 2 more for each time that its member was merged since.

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
        There is no such use, or its member was erased.
    MemberBusy
        Others kept changing the member or the offer.
    """

    def attempt() -> OfferUseReversalAnswer:
        used = offers.use(offer_id, use_id)
        if used is not None and used.counted_as is not None:
            used = offers.use(offer_id, used.counted_as)
        if used is None:
            raise OfferUseNotFound(use_id)
        if own_member_id == used.member_id:
            raise OwnAccount(OWN_USE)
        if used.reversal_answer is None:
            changes, answer = reversal_change(
                used,
                own_member_id=own_member_id,
                store=store,
                offers=offers,
                program=program,
                clock=clock,
            )
            if changes:
                store.commit(*changes)
        else:
            answer = OfferUseReversalAnswer.model_validate(used.reversal_answer)
        return answer.model_copy(update={"use_id": use_id})

    return with_retries(attempt)


def reversal_change(
    used: OfferUse,
    *,
    own_member_id: str | None = None,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> tuple[tuple[MemberChange, ...], OfferUseReversalAnswer]:
    """Return everything that a reversal writes, and its answer; nothing for what was never counted.

    The use goes back where it was counted: its counts are theirs for whom it was, the account is
    theirs or the survivor's, and no undo of a merge in between gives it back. 1 read, 2 more per
    merge, 1 more where the bonus was held.
    """
    owner = used.counted_for or used.member_id
    found = offers.context(owner, used.offer_id, month=used.month, order_id=used.order_id)
    member, followed = survivor_of(store, found.member)
    if member is None or member.status == "erased":
        raise MemberNotFound(owner)
    if own_member_id in (used.member_id, *member.member_ids):
        raise OwnAccount(OWN_USE)
    now = clock.now()
    if used.state != "used":
        return (), _reversal_answer(used, member, now, points=0)
    definition, counts = program.current(now), found.counts
    decision = reverse_use(
        used,
        replace(member, version=member.version + 1),
        counts,
        definition=definition,
        now=now,
        is_forfeited=_is_forfeited(used, store),
    )
    taken_back = points_of(used) if decision.entries else 0
    answer = _reversal_answer(used, decision.member, now, points=taken_back)
    has_budget = found.offer is not None and found.offer.budget_uses is not None
    change = changed(
        member,
        decision,
        OfferUseChange(
            replace(decision.use, reversal_answer=answer.model_dump(mode="json")),
            state_before="used",
            counts_of=owner,
            before=counts,
            after=decision.counts,
            budget=-int(used.takes_budget and has_budget),
            offer_revision=found.offer.revision if found.offer else 0,
        ),
    )
    if not followed:
        return (change,), answer
    # Imported where it is needed: few reversals follow a merge.
    from loyalty.domain.merging import less_entries

    merges = tuple(less_entries(merged.merge, decision.entries) for merged in followed)
    tombstones = (
        MemberChange(
            without_use(tombstone, used, counts, definition=definition, now=now),
            expected_version=tombstone.version,
        )
        for tombstone, _ in followed
    )
    return (replace(change, merges=merges), *tombstones), answer


def _is_forfeited(used: OfferUse, store: MemberStore) -> bool:
    """Tell whether the bonus was held and taken back already: 1 read if it was held."""
    if used.earned is None or used.earned.held_by is None:
        return False
    order = OrderKey.of_cause(used.earned.held_by)
    return is_rejected(order, used.member_id, store)


def _reversal_answer(
    used: OfferUse, member: Member, now: datetime, *, points: int
) -> OfferUseReversalAnswer:
    return OfferUseReversalAnswer(
        use_id=used.use_id,
        offer_id=used.offer_id,
        state="reversed",
        points=points,
        points_pending=member.account.points_pending,
        points_available=spendable(member.account, now),
    )
