"""The Elite threshold: who is past it, what crossing it writes, and when it has become lower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from loyalty.domain.journey import GONE, Step, draw_variant, status_change
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, Order, OrderKey
from loyalty.domain.program import ProgramDefinition


def is_past(member: Member, definition: ProgramDefinition) -> bool:
    """Tell whether a customer who is still here is past the threshold and never crossed it."""
    if member.threshold_crossed_at is not None or member.status in GONE:
        return False
    return member.lifetime_spend_minor >= draw_variant(definition, member.member_id).threshold_minor


def is_recent(occurred_at: datetime, definition: ProgramDefinition, now: datetime) -> bool:
    """Tell whether what was bought at `occurred_at` is recent enough to invite for."""
    return occurred_at >= now - timedelta(days=definition.invite_recency_days)


def crosses(member: Member, order: Order, definition: ProgramDefinition, now: datetime) -> bool:
    """Tell whether an order takes its customer over the threshold, once for ever."""
    if order.historic and not is_recent(order.occurred_at, definition, now):
        return False
    return is_past(member, definition)


def cross(
    member: Member,
    order: OrderKey,
    definition: ProgramDefinition,
    *,
    crossed_at: datetime,
    now: datetime,
    data: Mapping[str, str] | None = None,
) -> tuple[Member, StatusChange]:
    """Let a customer cross, once for ever; the variant is drawn and kept.

    Parameters
    ----------
    member
        One who is past the threshold, already with the version that the change will have.
    order
        The order that the crossing is told by.
    definition
        The program version that judges; the journey keeps it.
    crossed_at
        When the threshold was crossed.
    now
        When it is recorded.
    data
        What the fact tells besides.
    """
    variant = draw_variant(definition, member.member_id)
    crossed = replace(
        member,
        threshold_crossed_at=crossed_at,
        crossing_order=order,
        variant=variant.name,
        journey_program_version=definition.version,
    )
    told: dict[str, str | int | bool | None] = {
        "source": order.source,
        "order_id": order.order_id,
        "variant": variant.name,
        "program_version": definition.version,
        "lifetime_spend_minor": member.lifetime_spend_minor,
        **(data or {}),
    }
    return crossed, status_change(
        member, crossed, "ThresholdCrossed", now, told, occurred_at=crossed_at
    )


def sweep(
    member: Member, latest: AcceptedOrder | None, definition: ProgramDefinition, now: datetime
) -> Step | None:
    """Let a customer cross whom a lowered threshold has left behind; without an order of theirs.

    Parameters
    ----------
    member
        One who is past the threshold.
    latest
        The customer's latest order; the crossing names it.
    definition
        The program version in force.
    now
        When the threshold counts as crossed.

    Returns
    -------
    Step or None
        None for a customer who has not bought for longer than `invite_recency_days`: the next
        order will cross.
    """
    if latest is None or not is_recent(latest.occurred_at, definition, now):
        return None
    crossed, fact = cross(
        replace(member, version=member.version + 1),
        latest.key,
        definition,
        crossed_at=now,
        now=now,
        data={"cause": "lowered_threshold"},
    )
    return Step(crossed, (fact,))


def may_have_fallen(before: ProgramDefinition, after: ProgramDefinition) -> bool:
    """Tell whether anybody's threshold may be lower in `after` than it was in `before`.

    As long as the lots are the same everybody keeps their variant, and each is compared with
    itself; otherwise anybody may have drawn any.
    """
    if _lots(before) == _lots(after):
        pairs = zip(before.variants, after.variants, strict=True)
        return any(new.threshold_minor < old.threshold_minor for old, new in pairs)
    lowest = min(variant.threshold_minor for variant in after.variants)
    return lowest < max(variant.threshold_minor for variant in before.variants)


def _lots(definition: ProgramDefinition) -> tuple[str, tuple[int, ...]]:
    return definition.assignment_seed, tuple(variant.weight for variant in definition.variants)
