"""Benefit uses by month, and the offers in the portal, when two profiles become one, or two again.

Which offers were curated for the other one is forgotten: the survivor's portal is curated anew.
"""

from __future__ import annotations

from dataclasses import replace

from loyalty.domain.month_uses import MonthUses, uses_in, with_month
from loyalty.domain.offer_rules import OFFERS_KEPT, OWN_CHOICE, is_chosen
from loyalty.domain.offers import MemberOffer


def uses_together(
    own: tuple[MonthUses, ...], others: tuple[MonthUses, ...]
) -> tuple[MonthUses, ...]:
    """Return the survivor's months with the other one's uses.

    Who used something has not lapsed, under whichever profile; what one of the two was named stays.
    """
    together = own
    for other in others:
        before = uses_in(together, other.month)
        added = replace(
            before,
            offers=before.offers + other.offers,
            benefits=before.benefits + other.benefits,
            top=before.top or other.top,
            lapsed=before.lapsed and not other.benefits,
        )
        together = with_month(together, added)
    return together


def uses_apart(own: tuple[MonthUses, ...], others: tuple[MonthUses, ...]) -> tuple[MonthUses, ...]:
    """Return the survivor's months without the other one's uses; what was said of them stays."""
    left = own
    for other in others:
        before = uses_in(left, other.month)
        without = replace(
            before,
            offers=max(0, before.offers - other.offers),
            benefits=max(0, before.benefits - other.benefits),
        )
        left = with_month(left, without)
    return tuple(month for month in left if month != MonthUses(month.month))


def offers_together(
    own: tuple[MemberOffer, ...], others: tuple[MemberOffer, ...]
) -> tuple[MemberOffer, ...]:
    """Return the survivor's offers with those that the other one activated or used."""
    together = {offer.offer_id: offer for offer in own}
    for other in others:
        if other.activated_at is None and not other.uses:
            continue
        kept = together.get(other.offer_id)
        if kept is not None:
            together[other.offer_id] = replace(
                kept,
                activated_at=kept.activated_at or other.activated_at,
                uses=kept.uses + other.uses,
            )
        elif len(together) < OFFERS_KEPT:
            together[other.offer_id] = replace(other, reason=OWN_CHOICE)
    return tuple(together.values())


def offers_apart(
    own: tuple[MemberOffer, ...], others: tuple[MemberOffer, ...]
) -> tuple[MemberOffer, ...]:
    """Return the survivor's offers without what the other one activated and used."""
    given = {offer.offer_id: offer for offer in others}
    left = (_without(offer, given.get(offer.offer_id)) for offer in own)
    return tuple(
        offer
        for offer in left
        if offer.offer_id not in given
        or offer.activated_at is not None
        or offer.uses
        or not is_chosen(offer)
    )


def _without(offer: MemberOffer, other: MemberOffer | None) -> MemberOffer:
    if other is None:
        return offer
    is_theirs = offer.activated_at == other.activated_at
    return replace(
        offer,
        activated_at=None if is_theirs else offer.activated_at,
        uses=max(0, offer.uses - other.uses),
    )
