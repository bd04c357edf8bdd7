"""Who may use which offer, where and when; and the offers in a member's portal.

An offer is for members of Elite: active ones, and those who lapsed. What a member has activated was
promised to them: it stays theirs when they leave the offer's segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from loyalty.domain.engagement import is_lapsed, is_top_at
from loyalty.domain.errors import DomainError
from loyalty.domain.member import Member
from loyalty.domain.offer_errors import (
    OfferInvalid,
    OfferIsOver,
    OfferLimitReached,
    OfferNotForMember,
    OfferNotInStore,
    OfferNotYetValid,
    OfferUsedUp,
    TooManyOffersActivated,
)
from loyalty.domain.offers import MemberOffer, Offer, OfferKind, Reason
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tiers import tier_at

# Who was a top customer of this month or the last one, has stopped using benefits, has just joined.
Segment = Literal["top", "lapsed", "new"]
SEGMENTS: Final[tuple[Segment, ...]] = get_args(Segment)
NEW_FOR: Final = timedelta(days=30)
# A profile holds no more than these: those curated, activated and used.
OFFERS_KEPT: Final = 60
# Of an offer that was not curated: the member found it themselves.
OWN_CHOICE: Final = Reason("own_choice")
_ABOUT: Final[Mapping[OfferKind, tuple[str, ...]]] = {
    "percent": ("percent",),
    "amount": ("amount",),
    "product": ("sku",),
    "points": ("points",),
    "access": (),
}


def require_sound(offer: Offer, definition: ProgramDefinition) -> None:
    """Pass when an offer can be kept.

    Raises
    ------
    OfferInvalid
        It has not exactly what its kind is about, ends before it begins, or is for a tier that the
        program has not.
    """
    values = {
        "percent": offer.percent,
        "amount": offer.amount_minor,
        "sku": offer.sku,
        "points": offer.points,
    }
    given = {name for name, value in values.items() if value}
    wanted = set(_ABOUT[offer.kind])
    if given != wanted:
        said = ", ".join(wanted) or "none of percent, amount, sku and points"
        raise OfferInvalid(f"an offer of kind {offer.kind} has {said} and no other")
    if offer.valid_from >= offer.expires_at:
        raise OfferInvalid("valid_from must be before expires_at")
    known = {tier.name for tier in definition.tiers}
    if not known.issuperset(offer.tiers):
        raise OfferInvalid(f"the program's tiers are {', '.join(sorted(known))}")


def segments_of(member: Member, definition: ProgramDefinition, at: datetime) -> frozenset[Segment]:
    """Return the segments that a member is in at an instant.

    Parameters
    ----------
    member
        With the status of now, which `lapsed` is judged by.
    definition
        The current program.
    at
        The instant that `new` and `top` are judged by.
    """
    found: dict[Segment, bool] = {
        "top": is_top_at(member, definition, at),
        "lapsed": is_lapsed(member),
        "new": member.joined_at is not None and at < member.joined_at + NEW_FOR,
    }
    return frozenset(segment for segment, is_in in found.items() if is_in)


def require_eligible(
    offer: Offer, member: Member, definition: ProgramDefinition, at: datetime
) -> None:
    """Pass when an offer is for the member at an instant, wherever they are.

    Parameters
    ----------
    offer
        The offer as it is now.
    member
        With the status of now, and the tiers of then and now.
    definition
        The current program.
    at
        When the offer is used; now for one that is shown or activated.

    Raises
    ------
    OfferIsOver, OfferNotYetValid
        The instant is not in the offer's period, or the offer was retired by then.
    OfferNotForMember
        The member is not in Elite or was none yet, or the offer is for other tiers or segments.
    """
    if _is_over(offer, at):
        raise OfferIsOver(offer.offer_id)
    if at < offer.valid_from:
        raise OfferNotYetValid(offer.offer_id)
    if not is_in_elite(member) or member.joined_at is None or at < member.joined_at:
        raise OfferNotForMember(f"{member.member_id} is {member.status}")
    if _is_for_other_tiers(offer, member, at):
        raise OfferNotForMember(f"{offer.offer_id} is for other tiers")
    is_in_segment = bool(segments_of(member, definition, at) & set(offer.segments))
    if offer.segments and not is_in_segment and not _is_activated(member, offer.offer_id):
        raise OfferNotForMember(f"{offer.offer_id} is for other segments")


def may_use(offer: Offer, member: Member, definition: ProgramDefinition, at: datetime) -> bool:
    """Tell whether an offer is for the member and there is one left; their own limit aside."""
    try:
        require_eligible(offer, member, definition, at)
        require_left(offer, uses=0)
    except DomainError:
        return False
    return True


def is_lost(offer: Offer, member: Member, at: datetime) -> bool:
    """Tell whether an offer is no longer the member's, though they activated or used it.

    It is over, or for other tiers. A budget that is used up may have room again, and what was
    activated stays when its member leaves the offer's segments.
    """
    return _is_over(offer, at) or _is_for_other_tiers(offer, member, at)


def is_in_elite(member: Member) -> bool:
    """Tell whether Elite offers are for the member: active, or lapsed."""
    return member.status == "active" or is_lapsed(member)


def require_store(offer: Offer, store_id: str | None) -> None:
    """Pass when an offer holds in a store; raise `OfferNotInStore` otherwise."""
    if offer.stores and store_id not in offer.stores:
        raise OfferNotInStore(f"{offer.offer_id} holds in {len(offer.stores)} stores only")


def require_left(offer: Offer, uses: int) -> None:
    """Pass when there is a use left of an offer for a member who had so many.

    Raises
    ------
    OfferUsedUp, OfferLimitReached
        The budget is used up, or the member's own limit is reached.
    """
    if offer.budget_uses is not None and offer.uses >= offer.budget_uses:
        raise OfferUsedUp(offer.offer_id)
    if uses_left(offer, uses) == 0:
        raise OfferLimitReached(f"{offer.per_member_limit} uses of {offer.offer_id}")


def uses_left(offer: Offer, uses: int) -> int | None:
    """Return how often a member who had so many uses may use an offer; None without limit."""
    if offer.per_member_limit is None:
        return None
    return max(0, offer.per_member_limit - uses)


def own_offer(member: Member, offer_id: str) -> MemberOffer | None:
    """Return the offer as it is in the member's portal; None when it is not there."""
    return next((own for own in member.offers if own.offer_id == offer_id), None)


def is_chosen(own: MemberOffer) -> bool:
    """Tell whether the member found the offer themselves, rather than it being curated."""
    return own.reason == OWN_CHOICE


def activated(member: Member, offer_id: str, at: datetime) -> Member:
    """Return the member with an offer activated; the same one when it was activated before.

    Raises
    ------
    TooManyOffersActivated
        The portal holds as many offers as it can.
    """
    if _is_activated(member, offer_id):
        return member
    own = own_offer(member, offer_id)
    if own is None and len(member.offers) >= OFFERS_KEPT:
        raise TooManyOffersActivated(f"{OFFERS_KEPT} offers")
    return _with(member, replace(own or _found(offer_id, at), activated_at=at))


def deactivated(member: Member, offer_id: str) -> Member:
    """Return the member with an offer no longer activated; the same one when it was not."""
    own = own_offer(member, offer_id)
    if own is None or own.activated_at is None:
        return member
    return _with(member, replace(own, activated_at=None))


def with_use(member: Member, offer_id: str, at: datetime, *, sign: int = 1) -> Member:
    """Return the member with a use of an offer shown in the portal, or taken back with `sign` -1.

    A portal that is full shows no further offer; how often it was used is known all the same.
    """
    own = own_offer(member, offer_id)
    if own is None and (sign < 0 or len(member.offers) >= OFFERS_KEPT):
        return member
    own = own or _found(offer_id, at)
    return _with(member, replace(own, uses=max(0, own.uses + sign)))


def _is_over(offer: Offer, at: datetime) -> bool:
    return at >= offer.expires_at or (offer.retired_at is not None and at >= offer.retired_at)


def _is_for_other_tiers(offer: Offer, member: Member, at: datetime) -> bool:
    return bool(offer.tiers) and tier_at(member.standing.spans, at) not in offer.tiers


def _is_activated(member: Member, offer_id: str) -> bool:
    own = own_offer(member, offer_id)
    return own is not None and own.activated_at is not None


def _found(offer_id: str, at: datetime) -> MemberOffer:
    return MemberOffer(offer_id, OWN_CHOICE, curated_at=at)


def _with(member: Member, own: MemberOffer) -> Member:
    """Put an offer in its place, at the end when it is new; one that says nothing any more goes."""
    places = {kept.offer_id: kept for kept in member.offers} | {own.offer_id: own}
    if is_chosen(own) and own.activated_at is None and own.uses == 0:
        del places[own.offer_id]
    return replace(member, offers=tuple(places.values()))
