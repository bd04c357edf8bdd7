"""What a decision on a member's tier writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.journey import status_change
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.tiers import (
    SPANS_KEPT,
    TierDecision,
    TierReview,
    TierSpan,
    TierStanding,
)

Facts = tuple[StatusChange, ...]


def upgrade_id(member: Member, month: str, tier: str) -> str:
    """Return the name of an upgrade: its execution, voucher, gift and mail go by it.

    The member's version tells it from an upgrade to the same tier in the same month that a return
    undid before.
    """
    return f"{member.member_id}-{month}-{tier}-{member.version}"


def apply(member: Member, decision: TierDecision, month: str, at: datetime) -> tuple[Member, Facts]:
    """Move a member as decided, and say what happened.

    Parameters
    ----------
    member
        Already with the version that the change will have.
    decision
        From `tiers.decide` or `tiers.after_return`.
    month
        The month that was judged.
    at
        Now: a new tier begins here.

    Returns
    -------
    tuple of Member and tuple of StatusChange
        The same member without facts when nothing changes.
    """
    standing, facts = member.standing, []
    if decision.withdrawn and standing.review is not None:
        review = standing.review
        withdrawn = {"upgrade_id": review.upgrade_id, "to_tier": review.tier}
        facts.append(status_change(member, member, "TierUpgradeWithdrawn", at, withdrawn))
        standing = replace(standing, review=None)
    if decision.reason is not None:
        standing, change = _moved(member, standing, decision, month, at)
        facts.append(change)
    elif standing.grace_until != decision.grace_until:
        standing = replace(standing, grace_until=decision.grace_until)
    if decision.proposed is not None:
        proposed = upgrade_id(member, month, decision.proposed)
        standing = replace(standing, review=TierReview(decision.proposed, month, proposed))
        data: dict[str, str | int | bool | None] = {
            "upgrade_id": proposed,
            "from_tier": decision.tier,
            "to_tier": decision.proposed,
            "month": month,
            "qualifying": decision.qualifying,
        }
        facts.append(status_change(member, member, "TierUpgradeProposed", at, data))
    return replace(member, standing=standing), tuple(facts)


def _moved(
    member: Member, standing: TierStanding, decision: TierDecision, month: str, at: datetime
) -> tuple[TierStanding, StatusChange]:
    named = None
    if decision.reason in ("upgraded", "order"):
        named = upgrade_id(member, month, decision.tier)
    elif decision.reason == "approved" and standing.review is not None:
        named = standing.review.upgrade_id
        standing = replace(standing, review=None)
    span = TierSpan(decision.tier, at, month if named else None, named)
    undone = None
    if decision.reason == "return":
        undone = standing.spans[-1].upgrade_id
        standing = replace(standing, spans=_without(standing.spans, undone))
        span = replace(decision.back_in or span, since=at)
    data: dict[str, str | int | bool | None] = {
        "from_tier": standing.tier,
        "to_tier": decision.tier,
        "reason": decision.reason,
        "month": month,
        "qualifying": decision.qualifying,
        "upgrade_id": named,
        "undone_upgrade_id": undone,
    }
    spans = (*standing.spans, span)[-SPANS_KEPT:]
    moved = replace(standing, spans=spans, grace_until=decision.grace_until)
    return moved, status_change(member, member, "TierChanged", at, data)


def _without(spans: tuple[TierSpan, ...], undone: str | None) -> tuple[TierSpan, ...]:
    return tuple(
        replace(span, undone=True) if undone is not None and span.upgrade_id == undone else span
        for span in spans
    )
