"""Points for what members do beside buying: at once, so many times a calendar year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from loyalty.domain.accruals import accrue
from loyalty.domain.calendar import lot_expiry, program_day
from loyalty.domain.errors import (
    ActionLimitReached,
    ActionNotRewarded,
    NotEnrolled,
    SwitchedOff,
)
from loyalty.domain.ledger import Entry, PendingPoints, Posting
from loyalty.domain.member import Member
from loyalty.domain.program import ActionReward, ProgramDefinition

# Rewarded by itself when a customer enrols, if the program has a reward for it.
SIGN_UP = "sign_up"


def reward_of(definition: ProgramDefinition, action: str) -> ActionReward | None:
    """Return what the program gives for an action; None when it gives nothing."""
    return next((reward for reward in definition.action_rewards if reward.action == action), None)


def reward(
    member: Member,
    definition: ProgramDefinition,
    *,
    action: str,
    action_id: str,
    occurred_at: datetime,
    now: datetime,
) -> tuple[Member, Entry]:
    """Give a member the points of an action, which can be spent at once.

    Parameters
    ----------
    member
        Already with the version that the change will have.
    definition
        The program version in force.
    action, action_id
        What was done, and the id under which it counts once.
    occurred_at
        When it was done; it counts in the calendar year of its program day.
    now
        When it is recorded.

    Raises
    ------
    SwitchedOff
        The program gives no points.
    NotEnrolled
        The customer is no member, or was none by then.
    ActionNotRewarded
        The program has no reward for it, or it was done before the last calendar year.
    ActionLimitReached
        The member had as many rewards for it in that year as there are.
    """
    if not definition.points_enabled:
        raise SwitchedOff("points")
    if member.joined_at is None or occurred_at < member.joined_at:
        raise NotEnrolled(member.member_id)
    this_year = program_day(now, definition.time_zone).year
    year = program_day(occurred_at, definition.time_zone).year
    given = reward_of(definition, action)
    if given is None or year < this_year - 1:
        raise ActionNotRewarded(f"{action} in {year}")
    counts = _of_years_from(this_year - 1, member.action_counts)
    counted = f"{year}/{action}"
    if counts.get(counted, 0) >= given.per_year_limit:
        raise ActionLimitReached(f"{given.per_year_limit} a year")
    counts[counted] = counts.get(counted, 0) + 1
    posting = Posting(
        member_id=member.member_id,
        business_key=f"action/{action}/{action_id}",
        occurred_at=occurred_at,
        recorded_at=now,
        reason=f"action {action}",
    )
    expires_at = lot_expiry(occurred_at, definition.expiry_months, definition.time_zone)
    account, entry = accrue(member.account, posting, PendingPoints(now, expires_at, given.points))
    return replace(member, account=account, action_counts=counts), entry


def _of_years_from(first: int, counts: Mapping[str, int]) -> dict[str, int]:
    """Drop the counts of years that no action counts in any more."""
    return {name: count for name, count in counts.items() if int(name.split("/")[0]) >= first}
