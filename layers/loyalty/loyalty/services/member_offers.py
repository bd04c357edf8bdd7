"""The offers that a member sees, and activating one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from loyalty.contracts.offers import MemberOfferPage, MemberOfferView, ReasonView
from loyalty.domain.errors import CursorInvalid, MemberNotFound
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import OfferNotFound
from loyalty.domain.offer_rules import (
    activated,
    deactivated,
    is_chosen,
    may_use,
    own_offer,
    require_eligible,
    require_left,
    uses_left,
)
from loyalty.domain.offer_uses import uses_so_far
from loyalty.domain.offers import MemberOffer, Offer
from loyalty.domain.program import ProgramDefinition
from loyalty.services.customers import current_member
from loyalty.services.offer_context import current_context
from loyalty.services.offer_ports import OfferCatalogue, OfferStore
from loyalty.services.offers import amount_of
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


def list_member_offers(
    member_id: str,
    *,
    limit: int,
    cursor: str | None,
    store: MemberStore,
    catalogue: OfferCatalogue,
    program: ProgramStore,
    clock: Clock,
) -> MemberOfferPage:
    """Return a page of the offers that are for a member now, as `offers_for` sorts them.

    Requests: 1 read, 1 more per merge.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    CursorInvalid
        The offer that the last page ended with is not among them any more.
    """
    now = clock.now()
    member = current_member(store, member_id)
    found = offers_for(member, catalogue.offers(), program.current(now), now)
    start = _start(found, cursor)
    page = found[start : start + limit]
    has_more = start + limit < len(found)
    return MemberOfferPage(items=tuple(page), next_cursor=page[-1].offer_id if has_more else None)


def offers_for(
    member: Member, catalogue: Iterable[Offer], definition: ProgramDefinition, at: datetime
) -> Sequence[MemberOfferView]:
    """Return the offers that are for a member at an instant; no requests.

    First those that were curated for the member, best first; then those that they activated or used
    all the same; then the others by id. What the member has used up is still there, what all
    together have used up is not.

    Parameters
    ----------
    member
        Whose; for who is not in Elite there are none.
    catalogue
        All offers; retired ones are for nobody.
    definition
        The current program.
    at
        The instant.
    """
    usable = {
        offer.offer_id: offer for offer in catalogue if may_use(offer, member, definition, at)
    }
    own = sorted(member.offers, key=is_chosen)
    first = [usable[kept.offer_id] for kept in own if kept.offer_id in usable]
    others = [offer for _, offer in sorted(usable.items()) if offer not in first]
    return [_view(offer, own_offer(member, offer.offer_id), definition) for offer in first + others]


def activate_offer(
    member_id: str,
    offer_id: str,
    *,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> MemberOfferView:
    """Activate an offer for a member; a second time changes nothing.

    Requests: 1 read and 1 transaction, 1 read for a repeat; 1 read more per merge.

    Raises
    ------
    MemberNotFound, OfferNotFound
        There is no such customer or offer.
    OfferIsOver, OfferNotYetValid, OfferNotForMember, OfferUsedUp, OfferLimitReached,
    TooManyOffersActivated
        The rules refuse it.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> MemberOfferView:
        now = clock.now()
        definition = program.current(now)
        found = current_context(offers, member_id, offer_id)
        member, offer = _present(found.member, member_id), found.offer
        if offer is None:
            raise OfferNotFound(offer_id)
        require_eligible(offer, member, definition, now)
        require_left(offer, uses_so_far(member, offer_id, found.counts))
        return _committed(member, activated(member, offer_id, now), offer, definition, store)

    return with_retries(attempt)


def deactivate_offer(
    member_id: str,
    offer_id: str,
    *,
    store: MemberStore,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> MemberOfferView:
    """Take the activation of an offer back; without one nothing changes. As `activate_offer`.

    Raises
    ------
    MemberNotFound, OfferNotFound
        There is no such customer or offer.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> MemberOfferView:
        found = current_context(offers, member_id, offer_id)
        member, offer = _present(found.member, member_id), found.offer
        if offer is None:
            raise OfferNotFound(offer_id)
        after = deactivated(member, offer_id)
        return _committed(member, after, offer, program.current(clock.now()), store)

    return with_retries(attempt)


def _committed(
    before: Member, after: Member, offer: Offer, definition: ProgramDefinition, store: MemberStore
) -> MemberOfferView:
    if after != before:
        after = replace(after, version=before.version + 1)
        store.commit(MemberChange(after, expected_version=before.version))
    return _view(offer, own_offer(after, offer.offer_id), definition)


def _present(member: Member | None, member_id: str) -> Member:
    if member is None:
        raise MemberNotFound(member_id)
    return member


def _start(found: Sequence[MemberOfferView], cursor: str | None) -> int:
    if cursor is None:
        return 0
    places = [place for place, offer in enumerate(found) if offer.offer_id == cursor]
    if not places:
        raise CursorInvalid
    return places[0] + 1


def _view(offer: Offer, own: MemberOffer | None, definition: ProgramDefinition) -> MemberOfferView:
    curated = own if own is not None and not is_chosen(own) else None
    uses = own.uses if own else 0
    return MemberOfferView(
        offer_id=offer.offer_id,
        name=offer.name,
        kind=offer.kind,
        percent=offer.percent,
        amount=amount_of(offer, definition),
        sku=offer.sku,
        points=offer.points,
        categories=offer.categories,
        stores=offer.stores,
        valid_from=offer.valid_from,
        expires_at=offer.expires_at,
        reason=_reason(curated) if curated else None,
        curated_at=curated.curated_at if curated else None,
        activated_at=own.activated_at if own else None,
        uses=uses,
        uses_left=uses_left(offer, uses),
    )


def _reason(curated: MemberOffer) -> ReasonView:
    reason = curated.reason
    return ReasonView(
        kind=reason.kind, subject=reason.subject, because=reason.because, times=reason.times
    )
