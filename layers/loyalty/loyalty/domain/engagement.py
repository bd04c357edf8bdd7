"""Engagement: benefit uses by program month, and what follows from them.

A benefit use is an unreversed use of an offer, redemption of a voucher or reward, paid benefit or
access event. What counts towards `top` are distinct (offer, order) uses alone; whoever counts a use
sees to it that it is distinct.

A month is judged once, after its end (`judge`). A use that arrives later corrects that at once
(`use_benefit`), and so does one that is taken back (`take_back`), but nobody lapses by that.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal, TypeAlias

from loyalty.domain.calendar import month_after, month_of, month_start, program_day
from loyalty.domain.journey import Step, arm, status_change
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.month_uses import MonthUses, count_use, uses_in, with_month
from loyalty.domain.program import ProgramDefinition

Benefit: TypeAlias = Literal["offer", "reward", "voucher", "access"]
Withdrawn: TypeAlias = Literal["top", "lapsed", "won_back"]


def is_lapsed(member: Member) -> bool:
    """Tell whether the member was active once and stopped using benefits."""
    return member.status == "inactive" and member.inactive_reason == "lapsed"


def lapsed_in(member: Member) -> str:
    """Return the month by which the member lapsed; the empty word where none is known any more."""
    return max((judged.month for judged in member.uses if judged.lapsed), default="")


def is_top_in(uses: tuple[MonthUses, ...], month: str, definition: ProgramDefinition) -> bool:
    """Tell whether a month's uses of offers make a top customer (J7)."""
    return uses_in(uses, month).offers >= definition.top_offer_uses


def is_top_at(member: Member, definition: ProgramDefinition, at: datetime) -> bool:
    """Tell whether the member is a top customer now: by this month's uses or the last one's."""
    month = _month(at, definition)
    return any(is_top_in(member.uses, name, definition) for name in (month, month_after(month, -1)))


def with_use(
    member: Member,
    occurred_at: datetime,
    definition: ProgramDefinition,
    *,
    is_offer: bool,
    sign: int = 1,
) -> Member:
    """Return the member with a benefit use counted in the program month of `occurred_at`.

    The version stays; `sign` -1 takes the use back.
    """
    month = _month(occurred_at, definition)
    return replace(member, uses=count_use(member.uses, month, is_offer=is_offer, sign=sign))


def use_benefit(
    member: Member,
    occurred_at: datetime,
    definition: ProgramDefinition,
    now: datetime,
    *,
    is_offer: bool,
    by: Benefit,
) -> Step:
    """Count a benefit use; who had lapsed is active at once, and a month that is over is corrected.

    Parameters
    ----------
    member
        As the change leaves them otherwise: already one version further, which stays.
    occurred_at
        When the benefit was used. A use of before the month in which the member lapsed is counted
        and changes nothing else: it does not speak against that month.
    definition
        The current program.
    now
        When the use becomes known.
    is_offer
        Whether it counts towards `top`: a use of an offer, the first one with its order.
    by
        What was used.

    Returns
    -------
    Step
        The member with the use, and the facts that follow from it: `EngagementCorrected`,
        `MemberReactivated`, `TopCustomerNamed`.
    """
    month = _month(occurred_at, definition)
    counted = with_use(member, occurred_at, definition, is_offer=is_offer)
    used = uses_in(counted.uses, month)
    changes: list[StatusChange] = []
    if used.lapsed:
        counted = _with(counted, replace(used, lapsed=False, back_in=None))
        changes += _never_lapsed(counted, used, now)
    if is_lapsed(member) and month >= lapsed_in(member):
        # Who did not lapse after all was active from the month's end on, and is judged by that.
        since = (
            occurred_at if member.status_since is None else max(member.status_since, occurred_at)
        )
        if not used.lapsed:
            counted = _back_in(counted, lapsed_in(member), month)
        active = replace(counted, status="active", inactive_reason=None, status_since=since)
        corrects = month if used.lapsed else None
        changes.append(_reactivated(counted, active, now, occurred_at, by=by, corrects=corrects))
        counted = active
    if month < _month(now, definition):
        named = _name_top(counted, month, definition, now)
        counted = named.member
        changes += named.changes
    return Step(counted, tuple(changes))


def take_back(
    member: Member,
    occurred_at: datetime,
    definition: ProgramDefinition,
    now: datetime,
    *,
    is_offer: bool,
) -> Step:
    """Take a benefit use back from its month.

    Who was named a top customer of it by that use is none any more. Nobody lapses by that: whether
    a month went by without a use is only judged by its review.

    Parameters
    ----------
    member, definition, now, is_offer
        As for `use_benefit`.
    occurred_at
        When the benefit was used, not when that was reversed.

    Returns
    -------
    Step
        The member without the use, and the fact `EngagementCorrected` where one follows.
    """
    month = _month(occurred_at, definition)
    left = with_use(member, occurred_at, definition, is_offer=is_offer, sign=-1)
    used = uses_in(left.uses, month)
    if not used.top or is_top_in(left.uses, month, definition):
        return Step(left)
    left = _with(left, replace(used, top=False))
    return Step(left, (_corrected(left, month, "top", now),))


def judge(member: Member, month: str, definition: ProgramDefinition, now: datetime) -> Step | None:
    """Judge a month that is over: who is a top customer of it, and who has lapsed.

    Parameters
    ----------
    member
        With all uses that are known.
    month
        `YYYY-MM`, of the program.
    definition
        The current program.
    now
        After the month's end. Who used a benefit between that and now has lapsed and is active
        again.

    Returns
    -------
    Step or None
        None when nothing follows, or all did before: judging again changes nothing.
    """
    after = replace(member, version=member.version + 1)
    top = _name_top(after, month, definition, now)
    lapsed = _lapse(top.member, month, definition, now)
    changes = top.changes + lapsed.changes
    return Step(lapsed.member, changes) if changes else None


def _name_top(member: Member, month: str, definition: ProgramDefinition, now: datetime) -> Step:
    used = uses_in(member.uses, month)
    if used.top or not is_top_in(member.uses, month, definition):
        return Step(member)
    named = _with(member, replace(used, top=True))
    data = {**arm(member), "month": month, "offer_uses": used.offers}
    return Step(named, (status_change(member, named, "TopCustomerNamed", now, data),))


def _lapse(member: Member, month: str, definition: ProgramDefinition, now: datetime) -> Step:
    used = uses_in(member.uses, month)
    if used.benefits > 0 or used.lapsed or not _was_active_throughout(member, month, definition):
        return Step(member)
    lapsed = replace(
        _with(member, replace(used, lapsed=True)),
        status="inactive",
        inactive_reason="lapsed",
        status_since=month_start(month_after(month), definition.time_zone),
    )
    data = {**arm(member), "inactive_reason": "lapsed", "month": month}
    fact = status_change(member, lapsed, "CustomerInactive", now, data)
    if not any(later.benefits > 0 for later in member.uses if later.month > month):
        return Step(lapsed, (fact,))
    again = replace(lapsed, status="active", inactive_reason=None, status_since=now)
    again = _back_in(again, month, _month(now, definition))
    return Step(again, (fact, _reactivated(lapsed, again, now, now, by=None, corrects=None)))


def _was_active_throughout(member: Member, month: str, definition: ProgramDefinition) -> bool:
    return (
        member.status == "active"
        and member.status_since is not None
        and member.status_since <= month_start(month, definition.time_zone)
    )


def _reactivated(
    before: Member,
    after: Member,
    now: datetime,
    occurred_at: datetime,
    *,
    by: Benefit | None,
    corrects: str | None,
) -> StatusChange:
    data = {**arm(after), "by": by, "corrects": corrects}
    return status_change(before, after, "MemberReactivated", now, data, occurred_at=occurred_at)


def _never_lapsed(member: Member, used: MonthUses, now: datetime) -> list[StatusChange]:
    """Return what follows for the month and for the one in which the member was back already.

    Each fact is of one month only, as reports are: so that of coming back is a fact of its own.
    """
    lapsed = _corrected(member, used.month, "lapsed", now, back_in=used.back_in)
    if used.back_in is None:
        return [lapsed]
    return [lapsed, _corrected(member, used.back_in, "won_back", now)]


def _corrected(
    member: Member, month: str, withdrawn: Withdrawn, now: datetime, *, back_in: str | None = None
) -> StatusChange:
    data = {**arm(member), "month": month, "withdrawn": withdrawn, "back_in": back_in}
    return status_change(member, member, "EngagementCorrected", now, data)


def _back_in(member: Member, lapsed_month: str, month: str) -> Member:
    """Return the member with the month in which they were back; the lapse may be forgotten."""
    lapsed = uses_in(member.uses, lapsed_month)
    return _with(member, replace(lapsed, back_in=month)) if lapsed.lapsed else member


def _with(member: Member, changed: MonthUses) -> Member:
    return replace(member, uses=with_month(member.uses, changed))


def _month(at: datetime, definition: ProgramDefinition) -> str:
    return month_of(program_day(at, definition.time_zone))
