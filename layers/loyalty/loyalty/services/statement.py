"""The figures of a member's statement: the same in the API, in mails and in the portal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from loyalty.domain.calendar import month_of, program_day
from loyalty.domain.engagement import is_top_at
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition, Tier
from loyalty.domain.reward_errors import OutOfStock, RewardNotAvailable
from loyalty.domain.rewards import Reward, require_available
from loyalty.domain.tiers import qualifying, rank

OBTAINABLE_SHOWN: Final = 20


class RewardCatalogue(Protocol):
    def rewards(self) -> Sequence[Reward]:
        """Return all rewards, as they were a minute ago at most."""
        ...


@dataclass(frozen=True, slots=True)
class RewardGoal:
    """A reward; `missing` points are still to be earned for it."""

    reward_id: str
    name: str
    points: int
    missing: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Where a member stands.

    `obtainable` are the rewards that the points buy now, the dearest first; `cheapest_reward` is
    the cheapest one beyond them. `missing` is what is missing to the next tier, minor units or
    points as `missing_unit` says; None at the top. `is_top` says that the member is a top customer
    of this month or the last one.
    """

    points_available: int
    points_pending: int
    tier: str | None
    next_tier: str | None
    missing: int | None
    missing_unit: Literal["minor_units", "points"] | None
    obtainable: tuple[RewardGoal, ...]
    cheapest_reward: RewardGoal | None
    saved_minor: int
    is_top: bool


def figures(
    member: Member, definition: ProgramDefinition, rewards: Iterable[Reward], at: datetime
) -> Figures:
    """Return the figures of a member's statement at an instant; no requests.

    Parameters
    ----------
    member
        Whose; who is no member has nothing to reach.
    definition
        The program version in force.
    rewards
        The catalogue, also with what is retired, out of stock or for other tiers.
    at
        The instant.
    """
    points = spendable(member.account, at)
    goals = _goals(member, rewards, points, at) if member.enrolled else []
    beyond = [goal for goal in goals if goal.missing]
    within = [goal for goal in reversed(goals) if not goal.missing]
    tier = _next_tier(member, definition)
    return Figures(
        points_available=points,
        points_pending=member.account.points_pending,
        tier=member.tier,
        next_tier=tier.name if tier else None,
        missing=_missing(member, definition, tier, at) if tier else None,
        missing_unit=_unit(definition) if tier else None,
        obtainable=tuple(within[:OBTAINABLE_SHOWN]),
        cheapest_reward=beyond[0] if beyond else None,
        saved_minor=max(0, member.saved_minor),
        is_top=is_top_at(member, definition, at),
    )


def _goals(
    member: Member, rewards: Iterable[Reward], points: int, at: datetime
) -> list[RewardGoal]:
    """Return the rewards that the member may have, the cheapest first."""
    may_have = [reward for reward in rewards if _is_available(reward, member, at)]
    return [
        RewardGoal(reward.reward_id, reward.name, reward.points, max(0, reward.points - points))
        for reward in sorted(may_have, key=lambda reward: (reward.points, reward.reward_id))
    ]


def _is_available(reward: Reward, member: Member, at: datetime) -> bool:
    try:
        require_available(reward, member.tier, 1, at)
    except (RewardNotAvailable, OutOfStock):
        return False
    return True


def _next_tier(member: Member, definition: ProgramDefinition) -> Tier | None:
    if not (definition.tiers_enabled and member.enrolled):
        return None
    above = definition.tiers[rank(definition, member.tier) + 1 :]
    return above[0] if above else None


def _missing(member: Member, definition: ProgramDefinition, tier: Tier, at: datetime) -> int:
    month = month_of(program_day(at, definition.time_zone))
    return max(0, tier.threshold - qualifying(member.months, definition, month))


def _unit(definition: ProgramDefinition) -> Literal["minor_units", "points"]:
    return "points" if definition.tier_basis == "points" else "minor_units"
