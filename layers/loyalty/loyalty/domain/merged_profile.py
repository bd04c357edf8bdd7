"""What of a profile is more than a sum when two become one: identities, words, membership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.domain.member import Channel, Consent, EliteStatus, InactiveReason, Member

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge


@dataclass(frozen=True, slots=True)
class EliteStanding:
    """Where a customer stands in the Elite journey, and since when."""

    status: EliteStatus
    inactive_reason: InactiveReason | None
    status_since: datetime | None


def taking_over(survivor: Member, other: Member) -> Member:
    """Return the survivor with what is more than a sum, taken over from the other one."""
    joined = [at for at in (survivor.joined_at, other.joined_at) if at is not None]
    after = replace(
        survivor,
        joined_at=min(joined, default=None),
        standing=survivor.standing if survivor.enrolled else other.standing,
        # The latest identity of a kind is the one to write to: the survivor's own stay the latest.
        identities=other.identities + survivor.identities,
        name=survivor.name or other.name,
        consents=_latest(other.consents, survivor.consents),
        action_counts=added(survivor.action_counts, other.action_counts),
        saved_minor=survivor.saved_minor + other.saved_minor,
    )
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
    left = replace(
        survivor,
        joined_at=merged.survivor_joined_at or survivor.joined_at,
        identities=tuple(own for own in survivor.identities if own not in other.identities),
        name=None if merged.gave_name and survivor.name == other.name else survivor.name,
        consents=consents,
        action_counts=added(survivor.action_counts, other.action_counts, sign=-1),
        saved_minor=max(0, survivor.saved_minor - other.saved_minor),
    )
    taken_over = _reached(merged.other_was) > _reached(merged.survivor_was)
    if taken_over and elite(survivor) == merged.other_was:
        return standing_as(left, merged.survivor_was)
    return left


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
