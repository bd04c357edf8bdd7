"""A use of an offer and its reversal: what they change of the member.

A use belongs to the program month in which it occurred. Several uses of an offer with one order are
one towards `top`, in each month; so are those without an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from loyalty.domain import offer_rules
from loyalty.domain.accruals import accrue, reverse
from loyalty.domain.calendar import lot_expiry, month_of, program_day, return_window_end
from loyalty.domain.engagement import take_back, use_benefit
from loyalty.domain.errors import SwitchedOff
from loyalty.domain.journey import status_change
from loyalty.domain.ledger import Entry, PendingPoints, Posting
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.offers import Offer
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.use_counts import UseCounts

UseState = Literal["used", "reversed", "refused"]
# What becomes of an offer's bonus: `free` is released like an order's points, `held` waits with
# those of the order that named the offer, `forfeited` went with them.
Bonus = Literal["free", "held", "forfeited"]


@dataclass(frozen=True, slots=True)
class OfferUse:
    """A use of an offer under the caller's own id, which counts once per offer.

    `member_id` is the member as the caller named them. `month` is the program's, `YYYY-MM`.
    `earned` are the bonus points and where they went; `takes_budget` says that it is one of the
    offer's `uses`. `answer` and `reversal_answer` are given again to repeats. One that is `refused`
    is kept where nobody hears of the refusal; `refusal` is its code.

    `counted_for` is the member whose uses it is one of, ever since: named, or who had absorbed them
    by then. One that was told of otherwise is `counted_as` the use of that other id.
    """

    offer_id: str
    use_id: str
    member_id: str
    occurred_at: datetime
    recorded_at: datetime
    month: str
    order_id: str | None = None
    store_id: str | None = None
    state: UseState = "used"
    earned: PendingPoints | None = None
    takes_budget: bool = False
    refusal: str | None = None
    counted_for: str | None = None
    counted_as: str | None = None
    answer: Mapping[str, object] = field(default_factory=dict)
    reversal_answer: Mapping[str, object] | None = None

    @property
    def cause(self) -> str:
        """The business key of the use."""
        return f"offer/{self.offer_id}/{self.use_id}"


class UseDecision(NamedTuple):
    """What a use, or its reversal, leads to; `counts` are those of whom it is counted for."""

    use: OfferUse
    member: Member
    counts: UseCounts
    entries: tuple[Entry, ...]
    facts: tuple[StatusChange, ...]


def new_use(
    *,
    offer_id: str,
    use_id: str,
    member_id: str,
    occurred_at: datetime,
    order_id: str | None,
    store_id: str | None,
    definition: ProgramDefinition,
    now: datetime,
) -> OfferUse:
    """Return a use as it was asked for."""
    return OfferUse(
        offer_id=offer_id,
        use_id=use_id,
        member_id=member_id,
        occurred_at=occurred_at,
        recorded_at=now,
        month=month_of(program_day(occurred_at, definition.time_zone)),
        order_id=order_id,
        store_id=store_id,
    )


def uses_so_far(member: Member, offer_id: str, counts: UseCounts) -> int:
    """Return how often a member has used an offer.

    The profile of who absorbed another one knows of that one's uses; the count knows of those that
    the portal does not show any more.
    """
    own = offer_rules.own_offer(member, offer_id)
    return max(counts.in_all, own.uses if own else 0)


def use(
    offer: Offer,
    member: Member,
    asked: OfferUse,
    counts: UseCounts,
    *,
    definition: ProgramDefinition,
    now: datetime,
    bonus: Bonus = "free",
) -> UseDecision:
    """Decide on a use of an offer.

    Parameters
    ----------
    offer
        The offer as it is now.
    member
        Already with the version that the change will have.
    asked
        A use that was not counted before.
    counts
        The member's uses of the offer before.
    definition
        The current program.
    now
        When it is recorded.
    bonus
        What becomes of the bonus points, if the offer has any.

    Raises
    ------
    OfferIsOver, OfferNotYetValid, OfferNotForMember, OfferNotInStore, OfferUsedUp,
    OfferLimitReached
        The rules refuse it.
    SwitchedOff
        The offer gives points and the program has none.
    """
    offer_rules.require_eligible(offer, member, definition, asked.occurred_at)
    offer_rules.require_store(offer, asked.store_id)
    offer_rules.require_left(offer, uses_so_far(member, offer.offer_id, counts))
    used = replace(
        asked,
        earned=_bonus(offer, asked, definition, bonus),
        takes_budget=offer.budget_uses is not None,
        counted_for=member.member_id,
    )
    counted = counts.plus(used.use_id, used.month, used.order_id)
    is_first = counted.pairs(used.month) > counts.pairs(used.month)
    after, entries = _with_points(member, used, now)
    after = offer_rules.with_use(after, offer.offer_id, now)
    fact = _fact("OfferUsed", after, used, now, is_first=is_first)
    step = use_benefit(after, used.occurred_at, definition, now, is_offer=is_first, by="offer")
    return UseDecision(used, step.member, counted, entries, (fact, *step.changes))


def reverse_use(
    used: OfferUse,
    member: Member,
    counts: UseCounts,
    *,
    definition: ProgramDefinition,
    now: datetime,
    is_forfeited: bool = False,
) -> UseDecision:
    """Take a use back: counts and bonus points go where they came from.

    Parameters
    ----------
    used
        A use that was not reversed before.
    member
        Whom it was counted for, or who survived them; already one version further.
    counts
        Of whom it was counted for, with this use.
    definition, now
        As for `use`.
    is_forfeited
        The bonus points were held and taken back already.
    """
    left = counts.less(used.use_id, used.order_id)
    is_last = left.pairs(used.month) < counts.pairs(used.month)
    entries: tuple[Entry, ...] = ()
    after = offer_rules.with_use(member, used.offer_id, now, sign=-1)
    if used.earned is not None and not is_forfeited:
        posting = _posting(member, used, now, key=f"{used.cause}/reversal")
        account, entry = reverse(member.account, posting, used.earned)
        after, entries = replace(after, account=account), (entry,)
    fact = _fact("OfferUseReversed", after, used, now, is_first=is_last)
    step = take_back(after, used.occurred_at, definition, now, is_offer=is_last)
    reversed_ = replace(used, state="reversed")
    return UseDecision(reversed_, step.member, left, entries, (fact, *step.changes))


def without_use(
    tombstone: Member,
    used: OfferUse,
    counts: UseCounts,
    *,
    definition: ProgramDefinition,
    now: datetime,
) -> Member:
    """Return the tombstone of a merged member without a use that is taken back at the survivor.

    So an undo gives back what is left. Parameters as for `reverse_use`.
    """
    left = counts.less(used.use_id, used.order_id)
    is_last = left.pairs(used.month) < counts.pairs(used.month)
    after = replace(tombstone, version=tombstone.version + 1)
    after = offer_rules.with_use(after, used.offer_id, now, sign=-1)
    return take_back(after, used.occurred_at, definition, now, is_offer=is_last).member


def refuse(
    asked: OfferUse, member: Member, counts: UseCounts, refusal: str, now: datetime
) -> UseDecision:
    """Keep a use that the rules refuse, where there is nobody to be told.

    Parameters
    ----------
    asked
        A use that was not counted before.
    member
        Already with the version that the change will have.
    counts
        The member's uses of the offer, which stay.
    refusal
        The code of the refusal.
    now
        When it is recorded.
    """
    data = {
        "offer_id": asked.offer_id,
        "use_id": asked.use_id,
        "order_id": asked.order_id,
        "reason": refusal,
    }
    fact = status_change(
        member, member, "OfferUseRefused", now, data, occurred_at=asked.occurred_at
    )
    refused = replace(asked, state="refused", refusal=refusal)
    return UseDecision(refused, member, counts, (), (fact,))


def _bonus(
    offer: Offer, asked: OfferUse, definition: ProgramDefinition, bonus: Bonus
) -> PendingPoints | None:
    """Return the bonus points of an offer and where they go: like those of an order."""
    if not offer.points or bonus == "forfeited":
        return None
    if not definition.points_enabled:
        raise SwitchedOff("points are switched off")
    zone = definition.time_zone
    return PendingPoints(
        return_window_end(asked.occurred_at, definition.pending_days, zone),
        lot_expiry(asked.occurred_at, definition.expiry_months, zone),
        offer.points,
        held_by=asked.cause if bonus == "held" else None,
    )


def _with_points(member: Member, used: OfferUse, now: datetime) -> tuple[Member, tuple[Entry, ...]]:
    if used.earned is None:
        return member, ()
    posting = _posting(member, used, now, key=used.cause)
    account, entry = accrue(member.account, posting, used.earned)
    return replace(member, account=account), (entry,)


def _posting(member: Member, used: OfferUse, now: datetime, *, key: str) -> Posting:
    is_reversal = key != used.cause
    return Posting(
        member_id=member.member_id,
        business_key=key,
        occurred_at=now if is_reversal else used.occurred_at,
        recorded_at=now,
        reason=f"offer {used.offer_id}" + (" reversed" if is_reversal else ""),
        is_silent=is_reversal or member.identity("phone") is None,
    )


def _fact(
    event: str, member: Member, used: OfferUse, now: datetime, *, is_first: bool
) -> StatusChange:
    """Return the fact that publishes a use; a reversal's `is_first` says that none is left."""
    data = {
        "offer_id": used.offer_id,
        "use_id": used.use_id,
        "order_id": used.order_id,
        "month": used.month,
        "points": used.earned.points if used.earned else 0,
        "is_distinct": is_first,
    }
    occurred_at = used.occurred_at if event == "OfferUsed" else now
    return status_change(member, member, event, now, data, occurred_at=occurred_at)
