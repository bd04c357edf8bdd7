"""Curation: which offers a member sees, in which order, and why.

An offer is worth as much to a member as they may be expected to buy of what it is about: what they
bought before, by weight and by how faithful its buyers are; what is bought by those who buy the
same; and what everybody buys. Measured against other models in docs/curation.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP
from typing import TYPE_CHECKING, Final, NamedTuple

from loyalty.domain.calendar import program_day
from loyalty.domain.offer_rules import OFFERS_KEPT, is_lost, may_use
from loyalty.domain.offers import MemberOffer, Offer, Reason
from loyalty.domain.taste_statistics import ItemStatistics, Statistics
from loyalty.domain.tastes import Taste, Tastes, faded, objects

if TYPE_CHECKING:
    from loyalty.domain.member import Member
    from loyalty.domain.program import ProgramDefinition

# How much is made of what is bought together; chosen on January-September (docs/curation.md).
TOGETHER: Final = 2.0
_UNKNOWN: Final = ItemStatistics(rate=0.0, faith=1.0)
_POPULAR: Final = Reason("popular")


class Ranked(NamedTuple):
    """An offer, how much a member may be expected to buy of what it is about, and why."""

    offer: Offer
    expected: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Interests:
    """A customer's tastes of one kind beside what everybody buys.

    `together` is what their items suggest: by name, how much of it, and by which item most.
    """

    items: Mapping[str, ItemStatistics]
    own: Mapping[str, Taste] = field(default_factory=dict)
    together: Mapping[str, tuple[float, str]] = field(default_factory=dict)

    def in_item(self, name: str) -> tuple[float, Reason]:
        """Return how much may be expected of a product or category, and why."""
        item, taste = self.items.get(name, _UNKNOWN), self.own.get(name)
        gain, because = self.together.get(name, (0.0, ""))
        expected = item.rate + gain
        if taste is not None:
            reason = Reason("bought_before", name, times=taste.orders)
            return expected + taste.weight * item.faith, reason
        if gain > item.rate:
            reason = Reason("bought_together", name, because, times=self.own[because].orders)
            return expected, reason
        return expected, Reason("popular", name)


def rank(
    offers: Iterable[Offer], tastes: Tastes | None, statistics: Statistics, today: date
) -> list[Ranked]:
    """Return offers, best first for who has these tastes.

    Parameters
    ----------
    offers
        Those that the member may use.
    tastes
        None when nothing is known, or may not be used: popularity decides.
    statistics
        Of all customers.
    today
        The program day.
    """
    now = faded(tastes, today) if tastes else Tastes(today)
    skus = _interests(now.skus, statistics.skus)
    categories = _interests(now.categories, statistics.categories)
    ranked = [_ranked(offer, skus, categories) for offer in offers]
    return sorted(ranked, key=lambda one: (-one.expected, one.offer.offer_id))


def curate(
    member: Member,
    catalogue: Sequence[Offer],
    statistics: Statistics,
    definition: ProgramDefinition,
    now: datetime,
) -> Member:
    """Return the member with offers curated anew; the same one when nothing changes.

    What was activated or used stays as it is until it is over, or for other tiers than theirs;
    beside it come the best of the others that the member may use, and at their end a few that they
    would not find by their tastes. Who objects to profiling gets what is popular.

    Parameters
    ----------
    member
        As stored; the version stays.
    catalogue
        All offers, retired ones too. One that is not there is newer than the catalogue.
    statistics
        Of all customers.
    definition
        The current program.
    now
        When it happens.
    """
    lost = {offer.offer_id for offer in catalogue if is_lost(offer, member, now)}
    kept = tuple(own for own in member.offers if _is_kept(own) and own.offer_id not in lost)
    taken = lost | {own.offer_id for own in kept}
    others = [
        offer
        for offer in catalogue
        if offer.offer_id not in taken and may_use(offer, member, definition, now)
    ]
    today = program_day(now, definition.time_zone)
    tastes = None if objects(member) else member.tastes
    ranked = rank(others, tastes, statistics, today)
    places = max(0, min(definition.offers_shown, OFFERS_KEPT - len(kept)))
    explored = []
    if tastes is not None:
        share = (places * definition.exploration_share).to_integral_value(ROUND_HALF_UP)
        best = ranked[: places - int(share)]
        explored = _explored(ranked[len(best) :], int(share), member.member_id, today)
        ranked = best
    before = {own.offer_id: own for own in member.offers}
    curated = tuple(
        _as_before(MemberOffer(one.offer.offer_id, one.reason, curated_at=now), before)
        for one in [*ranked[:places], *explored]
    )
    after = kept + curated
    return member if after == member.offers else replace(member, offers=after)


def _interests(tastes: tuple[Taste, ...], items: Mapping[str, ItemStatistics]) -> _Interests:
    together: dict[str, tuple[float, str]] = {}
    strongest: dict[str, float] = {}
    for taste in tastes:
        for companion in items.get(taste.name, _UNKNOWN).companions:
            gain = TOGETHER * companion.gain / len(tastes)
            before, because = together.get(companion.name, (0.0, taste.name))
            if gain > strongest.get(companion.name, 0.0):
                strongest[companion.name], because = gain, taste.name
            together[companion.name] = (before + gain, because)
    return _Interests(items, {taste.name: taste for taste in tastes}, together)


def _ranked(offer: Offer, skus: _Interests, categories: _Interests) -> Ranked:
    if offer.sku is not None:
        return Ranked(offer, *skus.in_item(offer.sku))
    if not offer.categories:  # about everything that the member will buy
        return Ranked(offer, float("inf"), _POPULAR)
    found = [categories.in_item(name) for name in offer.categories]
    _, reason = max(found, key=lambda one: one[0])
    return Ranked(offer, sum(expected for expected, _ in found), reason)


def _explored(ranked: Iterable[Ranked], count: int, member_id: str, today: date) -> list[Ranked]:
    """Return offers drawn from those about nothing that the member bought, anew each week."""
    year, week, _ = today.isocalendar()

    def ticket(one: Ranked) -> bytes:
        return hashlib.sha256(f"{member_id}/{year}-{week}/{one.offer.offer_id}".encode()).digest()

    drawn = sorted((one for one in ranked if one.reason.kind != "bought_before"), key=ticket)
    return [one._replace(reason=Reason("new_to_you", one.reason.subject)) for one in drawn[:count]]


def _is_kept(own: MemberOffer) -> bool:
    return own.activated_at is not None or own.uses > 0


def _as_before(curated: MemberOffer, before: Mapping[str, MemberOffer]) -> MemberOffer:
    """Return the offer as the member has it already, if it is there for the same reason."""
    own = before.get(curated.offer_id)
    return own if own is not None and own.reason == curated.reason else curated
