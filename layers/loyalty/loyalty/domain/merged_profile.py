"""What of a profile is more than a sum when two become one: identities, words, membership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.domain.consents import ADDRESS_OF
from loyalty.domain.identity import holding
from loyalty.domain.journey import may_be_invited
from loyalty.domain.member import (
    Channel,
    Consent,
    EliteStatus,
    InactiveReason,
    Member,
    Preference,
)
from loyalty.domain.merged_benefits import (
    offers_apart,
    offers_together,
    uses_apart,
    uses_together,
)
from loyalty.domain.orders import OrderKey
from loyalty.domain.tastes import forgotten, objects, together

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge


@dataclass(frozen=True, slots=True)
class EliteStanding:
    """Where a customer stands in the Elite journey, and since when."""

    status: EliteStatus
    inactive_reason: InactiveReason | None
    status_since: datetime | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """How a customer crossed the Elite threshold, if they did; the arm that was drawn for them."""

    crossed_at: datetime | None = None
    order: OrderKey | None = None
    variant: str | None = None
    program_version: int | None = None
    held_out: bool = False
    invite_suppressed: bool = False


def taking_over(survivor: Member, other: Member) -> Member:
    """Return the survivor with what is more than a sum, taken over from the other one."""
    joined = [at for at in (survivor.joined_at, other.joined_at) if at is not None]
    after = replace(
        survivor,
        joined_at=min(joined, default=None),
        standing=survivor.standing if survivor.enrolled else other.standing,
        # The latest verified identity of a kind is the one to write to: the survivor's own.
        identities=other.identities + survivor.identities,
        name=survivor.name or other.name,
        consents=_latest(other.consents, survivor.consents),
        action_counts=added(survivor.action_counts, other.action_counts),
        saved_minor=survivor.saved_minor + other.saved_minor,
        tastes=together(survivor.tastes, other.tastes),
        suppressed={**_taken_suppressed(survivor, other), **survivor.suppressed},
        preferences=_wanted_by_both(survivor.preferences, other.preferences),
        marketing_sent_at=tuple(sorted(survivor.marketing_sent_at + other.marketing_sent_at)),
        absorbed=survivor.absorbed + other.member_ids,
        uses=uses_together(survivor.uses, other.uses),
        offers=offers_together(survivor.offers, other.offers),
    )
    if objects(after):
        after = forgotten(after)
    after = _crossing_as(after, _first_crossing(survivor, other))
    if _reached(elite(other)) > _reached(elite(survivor)):
        return standing_as(after, elite(other))
    return after


def giving_back(survivor: Member, other: Member, merged: Merge) -> Member:
    """Return the survivor without what `taking_over` gave, where nothing newer took its place."""
    consents = {
        channel: merged.survivor_consents[channel] if said == other.consents.get(channel) else said
        for channel, said in survivor.consents.items()
        if said != other.consents.get(channel) or channel in merged.survivor_consents
    }
    kept = tuple(own for own in survivor.identities if own not in other.identities)
    left = replace(
        holding(survivor, kept),
        joined_at=merged.survivor_joined_at or survivor.joined_at,
        name=None if merged.gave_name and survivor.name == other.name else survivor.name,
        consents=consents,
        action_counts=added(survivor.action_counts, other.action_counts, sign=-1),
        saved_minor=max(0, survivor.saved_minor - other.saved_minor),
        tastes=together(survivor.tastes, other.tastes, sign=-1),
        suppressed={
            channel: reason
            for channel, reason in survivor.suppressed.items()
            if channel in merged.survivor_suppressed or reason != other.suppressed.get(channel)
        },
        preferences=_preferences_back(survivor, other, merged.survivor_preferences),
        marketing_sent_at=tuple(
            at for at in survivor.marketing_sent_at if at not in other.marketing_sent_at
        ),
        absorbed=tuple(one for one in survivor.absorbed if one not in other.member_ids),
        uses=uses_apart(survivor.uses, other.uses),
        offers=offers_apart(survivor.offers, other.offers),
    )
    taken_over = _reached(merged.other_was) > _reached(merged.survivor_was)
    if taken_over and elite(survivor) == merged.other_was:
        left = standing_as(left, merged.survivor_was)
    # Whoever was invited since then keeps the arm of their journey.
    if elite(left) == merged.survivor_was and _same_arm(crossing(left), crossing(other)):
        return _crossing_as(left, merged.survivor_crossing)
    return left


def crossing(member: Member) -> Crossing:
    """Return how a customer crossed the Elite threshold."""
    return Crossing(
        crossed_at=member.threshold_crossed_at,
        order=member.crossing_order,
        variant=member.variant,
        program_version=member.journey_program_version,
        held_out=member.held_out,
        invite_suppressed=member.invite_suppressed,
    )


def _crossing_as(member: Member, crossed: Crossing) -> Member:
    return replace(
        member,
        threshold_crossed_at=crossed.crossed_at,
        crossing_order=crossed.order,
        variant=crossed.variant,
        journey_program_version=crossed.program_version,
        held_out=crossed.held_out,
        invite_suppressed=crossed.invite_suppressed,
    )


def _first_crossing(survivor: Member, other: Member) -> Crossing:
    """Return the crossing that holds for both: the earlier one, unless the survivor was invited.

    The other one's journey ends with the merge: who had crossed and waited for their invite is
    taken for one whom it could not go to, so that the survivor's next order starts the journey.
    """
    own, others = crossing(survivor), crossing(other)
    if others.crossed_at is None:
        return own
    if own.crossed_at is None:
        return replace(others, invite_suppressed=may_be_invited(other))
    if survivor.status == "prospect" and others.crossed_at < own.crossed_at:
        return replace(others, invite_suppressed=own.invite_suppressed)
    return own


def _same_arm(one: Crossing, other: Crossing) -> bool:
    return replace(one, invite_suppressed=False) == replace(other, invite_suppressed=False)


def _taken_suppressed(survivor: Member, other: Member) -> dict[Channel, str]:
    """Return the other one's closed channels, but for those with an address of the survivor's."""
    return {
        channel: reason
        for channel, reason in other.suppressed.items()
        if channel not in ADDRESS_OF or survivor.identity(ADDRESS_OF[channel]) is None
    }


def _wanted_by_both(
    own: Mapping[Preference, bool], others: Mapping[Preference, bool]
) -> dict[Preference, bool]:
    """Return what was said about service messages; a no of either holds."""
    return {**others, **{name: wanted and others.get(name, True) for name, wanted in own.items()}}


def _preferences_back(
    survivor: Member, other: Member, own: Mapping[Preference, bool]
) -> dict[Preference, bool]:
    """Return what the survivor said themselves, before the merge or since."""
    together = _wanted_by_both(own, other.preferences)
    since = {
        name: wanted
        for name, wanted in survivor.preferences.items()
        if wanted != together.get(name)
    }
    return {**own, **since}


def _reached(standing: EliteStanding) -> int:
    """Return how far an Elite standing goes; only what the customer decided is taken over."""
    if standing.inactive_reason == "lapsed":
        return 2
    return {"active": 3, "not_interested": 1}.get(standing.status, 0)


def elite(member: Member) -> EliteStanding:
    """Return where a customer stands in the Elite journey."""
    return EliteStanding(member.status, member.inactive_reason, member.status_since)


def standing_as(member: Member, standing: EliteStanding) -> Member:
    """Return the member with another standing in the Elite journey."""
    return replace(
        member,
        status=standing.status,
        inactive_reason=standing.inactive_reason,
        status_since=standing.status_since,
    )


def _latest(
    one: Mapping[Channel, Consent], other: Mapping[Channel, Consent]
) -> dict[Channel, Consent]:
    """Return the later statement per channel; of two at the same instant, the no."""
    latest = dict(one)
    for channel, consent in other.items():
        known = latest.get(channel, consent)
        latest[channel] = max(known, consent, key=lambda said: (said.recorded_at, not said.granted))
    return latest


def added(counts: Mapping[str, int], more: Mapping[str, int], sign: int = 1) -> dict[str, int]:
    """Return the sums by name, or the differences with `sign` −1; only those above 0."""
    sums = {
        name: counts.get(name, 0) + sign * more.get(name, 0) for name in sorted({*counts, *more})
    }
    return {name: count for name, count in sums.items() if count > 0}
