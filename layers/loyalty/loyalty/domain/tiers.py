"""Tiers: who qualifies for which, when a member moves up or down, and what undoes an upgrade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from loyalty.domain.calendar import month_after
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.totals import MonthTotals

TierChangeReason = Literal["upgraded", "order", "approved", "downgraded", "return"]

SPANS_KEPT = 24


@dataclass(frozen=True, slots=True)
class TierSpan:
    """A member is in `tier` from `since` on, until the next span begins.

    `month` is the month whose purchases led to it, `upgrade_id` names the upgrade; both None for
    the tier that everybody begins in, and for one that a member fell to at an evaluation. A return
    that undoes an upgrade marks it `undone`, and begins a span that is like the one fallen back to.
    """

    tier: str
    since: datetime
    month: str | None = None
    upgrade_id: str | None = None
    undone: bool = False


@dataclass(frozen=True, slots=True)
class TierReview:
    """An upgrade to `tier`, qualified for in `month`, that waits for a manager's decision."""

    tier: str
    month: str
    upgrade_id: str


@dataclass(frozen=True, slots=True)
class TierStanding:
    """What deciding on a member's tier needs; nothing personal.

    `grace_until` is the month at whose evaluation a tier that is no longer qualified for is lost,
    `held_until` the last month for which a manager's no holds.
    """

    spans: tuple[TierSpan, ...] = ()
    grace_until: str | None = None
    held_until: str | None = None
    review: TierReview | None = None

    @property
    def tier(self) -> str | None:
        return self.spans[-1].tier if self.spans else None


class TierDecision(NamedTuple):
    """What an evaluation leads to.

    `tier` is where the member is afterwards, `proposed` the tier that waits for a manager's yes,
    `withdrawn` says that what waited is no longer qualified for. `qualifying` is minor units or
    points, as `tier_basis` says. `back_in` is the span that a return falls back to.
    """

    tier: str
    qualifying: int
    reason: TierChangeReason | None = None
    proposed: str | None = None
    withdrawn: bool = False
    grace_until: str | None = None
    back_in: TierSpan | None = None


def tier_at(spans: Iterable[TierSpan], at: datetime) -> str | None:
    """Return the tier at an instant; before the first span, the first one's."""
    found = None
    for span in spans:
        if found is None or span.since <= at:
            found = span.tier
    return found


def qualifying(months: Iterable[MonthTotals], definition: ProgramDefinition, month: str) -> int:
    """Return what counts towards a tier in the qualification period that ends with `month`.

    Returns
    -------
    int
        Net spend in minor units, or points, of the last twelve months or of the calendar year.
    """
    first = (
        f"{month[:4]}-01" if definition.tier_period == "calendar_year" else month_after(month, -11)
    )
    counted = [totals for totals in months if first <= totals.month <= month]
    if definition.tier_basis == "points":
        return sum(totals.points_due for totals in counted)
    return sum(totals.net_spend_minor for totals in counted)


def eligible_tier(definition: ProgramDefinition, amount: int) -> str:
    """Return the highest tier whose threshold `amount` reaches."""
    return [tier.name for tier in definition.tiers if tier.threshold <= max(0, amount)][-1]


def rank(definition: ProgramDefinition, tier: str | None) -> int:
    """Return a tier's place, 0 for the lowest and for one that the definition does not know."""
    names = [known.name for known in definition.tiers]
    return names.index(tier) if tier in names else 0


def held_until(definition: ProgramDefinition, month: str) -> str:
    """Return the last month of the qualification period for which a no on `month` holds."""
    return (
        f"{month[:4]}-12" if definition.tier_period == "calendar_year" else month_after(month, 11)
    )


def decide(
    standing: TierStanding,
    months: Iterable[MonthTotals],
    definition: ProgramDefinition,
    month: str,
) -> TierDecision:
    """Decide on a member's tier by what they bought up to the end of `month`.

    Tiers below one that needs approval are given at once. A tier that is no longer qualified for is
    kept for `tier_grace_months` evaluations more. What a later month led to, where upgrades happen
    at once or an older month is evaluated again, is not judged.
    """
    months = tuple(months)
    amount = qualifying(months, definition, month)
    current = rank(definition, standing.tier)
    reached = rank(definition, eligible_tier(definition, amount))
    here = definition.tiers[current].name
    if not definition.tiers_enabled:
        return TierDecision(here, amount)
    if reached > current:
        return _upgrade(standing, definition, month, amount, reached)
    withdrawn = _is_moot(standing, definition, reached, month)
    if reached == current:
        return TierDecision(here, amount, withdrawn=withdrawn)
    if standing.spans and month < (standing.spans[-1].month or ""):
        grace_until = standing.grace_until
        return TierDecision(here, amount, withdrawn=withdrawn, grace_until=grace_until)
    grace_until = standing.grace_until or month_after(month, definition.tier_grace_months)
    if month < grace_until:
        return TierDecision(here, amount, withdrawn=withdrawn, grace_until=grace_until)
    lower = definition.tiers[reached].name
    return TierDecision(lower, amount, reason="downgraded", withdrawn=withdrawn)


def after_return(
    standing: TierStanding,
    months: Iterable[MonthTotals],
    definition: ProgramDefinition,
    month: str,
) -> TierDecision | None:
    """Decide whether a return undid the upgrade to the present tier, or one that waits.

    An upgrade is undone when the period that led to it, without what came back, no longer reaches
    the tier, nor does the period up to now, `month`; the member falls back at most to where they
    came from. Whether that holds is the next decision: ask again with the member moved.

    Returns
    -------
    TierDecision or None
        None when nothing changes.
    """
    if not definition.tiers_enabled or not standing.spans:
        return None
    months = tuple(months)
    span = standing.spans[-1]
    led_to = span.month or month
    amount = max(qualifying(months, definition, led_to), qualifying(months, definition, month))
    reached = rank(definition, eligible_tier(definition, amount))
    withdrawn = _is_moot(standing, definition, reached, month)
    came_from = _span_below(standing, definition)
    if span.month is not None and came_from is not None:
        fallback = max(reached, rank(definition, came_from.tier))
        if fallback < rank(definition, span.tier):
            back_to = definition.tiers[fallback].name
            # A tier in between was reached by the same purchases.
            between = replace(span, tier=back_to, upgrade_id=None)
            return TierDecision(
                back_to,
                amount,
                reason="return",
                withdrawn=withdrawn,
                back_in=came_from if came_from.tier == back_to else between,
            )
    if withdrawn:
        return TierDecision(span.tier, amount, withdrawn=True, grace_until=standing.grace_until)
    return None


def _span_below(standing: TierStanding, definition: ProgramDefinition) -> TierSpan | None:
    """Return the span of a lower tier that the present one was reached from, if it is known."""
    current = rank(definition, standing.tier)
    below = (
        span
        for span in reversed(standing.spans)
        if not span.undone and rank(definition, span.tier) < current
    )
    return next(below, None)


def _upgrade(
    standing: TierStanding, definition: ProgramDefinition, month: str, amount: int, reached: int
) -> TierDecision:
    current = rank(definition, standing.tier)
    above = definition.tiers[current + 1 : reached + 1]
    at_once = [tier.name for tier in above if not tier.needs_approval]
    approval = [tier.name for tier in above if tier.needs_approval]
    is_held = standing.held_until is not None and month <= standing.held_until
    proposed = approval[-1] if approval and not is_held else None
    to = at_once[-1] if at_once else definition.tiers[current].name
    if proposed and rank(definition, proposed) < rank(definition, to):
        proposed = None  # a higher tier that needs no approval makes it moot
    withdrawn = _is_moot(standing, definition, reached, month)
    if standing.review is not None and not withdrawn:
        proposed = None  # one at a time
    return TierDecision(
        tier=to,
        qualifying=amount,
        reason="upgraded" if at_once else None,
        proposed=proposed,
        withdrawn=withdrawn,
    )


def _is_moot(
    standing: TierStanding, definition: ProgramDefinition, reached: int, month: str
) -> bool:
    """Tell whether the upgrade that waits is, by the end of `month`, no longer qualified for.

    A month before the one that led to it says nothing about it.
    """
    review = standing.review
    return review is not None and review.month <= month and rank(definition, review.tier) > reached
