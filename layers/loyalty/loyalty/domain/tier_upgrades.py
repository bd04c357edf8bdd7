"""An upgrade that a manager has to approve: what their yes and their no lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from loyalty.domain.journey import Step, status_change
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tier_changes import apply
from loyalty.domain.tiers import (
    TierDecision,
    TierReview,
    TierSpan,
    eligible_tier,
    held_until,
    qualifying,
    rank,
)


def is_in_review(member: Member, upgrade_id: str) -> bool:
    """Tell whether the upgrade still waits for a decision."""
    review = member.standing.review
    return review is not None and review.upgrade_id == upgrade_id


def stands(spans: Sequence[TierSpan], upgrade_id: str) -> bool:
    """Tell whether an upgrade took effect and was not undone by a return.

    Further upgrades leave it, and so does a tier that is lost at an evaluation: it was earned.
    """
    return any(span.upgrade_id == upgrade_id and not span.undone for span in spans)


def reject(
    member: Member, upgrade_id: str, definition: ProgramDefinition, at: datetime
) -> Step | None:
    """End the review with a no, which holds for the qualification period.

    Returns
    -------
    Step or None
        None when the upgrade is not, or no longer, in review.
    """
    review = _review(member, upgrade_id)
    if review is None:
        return None
    held = held_until(definition, review.month)
    standing = replace(member.standing, review=None, held_until=held)
    after = replace(member, version=member.version + 1, standing=standing)
    data = {
        "upgrade_id": upgrade_id,
        "to_tier": review.tier,
        "month": review.month,
        "held_until": held,
    }
    return Step(after, (status_change(member, after, "TierUpgradeRejected", at, data),))


def approve(
    member: Member, upgrade_id: str, definition: ProgramDefinition, month: str, at: datetime
) -> Step | None:
    """End the review with a yes: the member moves up if they still qualify.

    What they bought by now counts, returns taken off: in the period that led to the proposal, or in
    the one up to now, whichever is better. So a yes is not lost because a month has passed.

    Parameters
    ----------
    member
        As read.
    upgrade_id
        The upgrade that was approved.
    definition
        The program version of now.
    month
        The program month of now.
    at
        Now: the tier begins here.

    Returns
    -------
    Step or None
        With the fact TierChanged, or TierUpgradeWithdrawn for one who no longer qualifies. None
        when the upgrade is not, or no longer, in review.
    """
    review = _review(member, upgrade_id)
    if review is None:
        return None
    after = replace(member, version=member.version + 1)
    amount = max(qualifying(member.months, definition, led_to) for led_to in (review.month, month))
    if _qualifies(member, review, definition, amount):
        decision = TierDecision(review.tier, amount, reason="approved")
    else:
        here = member.tier or definition.entry_tier
        grace_until = member.standing.grace_until
        decision = TierDecision(here, amount, withdrawn=True, grace_until=grace_until)
    return Step(*apply(after, decision, review.month, at))


def _review(member: Member, upgrade_id: str) -> TierReview | None:
    return member.standing.review if is_in_review(member, upgrade_id) else None


def _qualifies(
    member: Member, review: TierReview, definition: ProgramDefinition, amount: int
) -> bool:
    if not definition.tiers_enabled:
        return False
    reached = rank(definition, eligible_tier(definition, amount))
    # A tier that the program does not have any more has the rank of the lowest one.
    return rank(definition, member.tier) < rank(definition, review.tier) <= reached
