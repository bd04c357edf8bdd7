"""The monthly evaluation of one member, step by step (W1 to W7 of the product).

The first two steps read; the others work on what these found. The two steps that write do so at the
version that was read and only of what they change, so that nothing personal passes through an
execution. Only when somebody else changed the member meanwhile is it read again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from loyalty.contracts.evaluation import (
    CalculatedPoints,
    MemberSnapshot,
    MonthPoints,
    Period,
    RecentTransactions,
    RetrievedProfile,
    TierEligibility,
    TierUpgrade,
    TotalSpend,
    UpdatedBalance,
    UpdatedTier,
)
from loyalty.domain.calendar import month_after, month_of, program_day
from loyalty.domain.evaluation import evaluation_key, missing_points, post_missing
from loyalty.domain.journey import GONE
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Member
from loyalty.domain.points_alerts import bundle_time, hears_of_points
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tier_changes import apply
from loyalty.domain.tiers import TierDecision, TierStanding, decide
from loyalty.domain.totals import MonthTotals
from loyalty.services.customers import present_member
from loyalty.services.dues import newly_due
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

AD_HOC_DAYS = 30
# An evaluation's entries are among the member's latest; it posts at most one per month kept.
ENTRIES_LOOKED_AT = 50


def retrieve_customer_profile(
    member_id: str, month: str | None, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> RetrievedProfile:
    """W1: tier and points balance. Requests: 1 read.

    Parameters
    ----------
    member_id
        Whom to evaluate; who is no member, or gone, is not.
    month
        A program month `YYYY-MM`; None: ad hoc, the last 30 days.
    """
    now = clock.now()
    definition = program.current(now)
    this_month = _month_of(now, definition)
    period: Period = "month" if month else "last_30_days"
    member = store.member(member_id)
    if member is None or not member.enrolled or member.status in GONE:
        return RetrievedProfile(is_member=False, month=month or this_month, period=period)
    return RetrievedProfile(
        is_member=True,
        month=month or this_month,
        period=period,
        tier=member.tier,
        points_available=spendable(member.account, now),
        points_pending=member.account.points_pending,
        member=_snapshot(member, hears=hears_of_points(member, definition)),
    )


def get_recent_transactions(
    member_id: str,
    month: str,
    period: Period,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> RecentTransactions:
    """W2: what the member bought in the month, or in the last 30 days. Requests: 1 read.

    Orders are counted by month and day as they come in, so this costs the same after ten orders and
    after ten thousand.
    """
    now = clock.now()
    member = store.member(member_id)
    months = member.months if member else ()
    if period == "last_30_days":
        today = program_day(now, program.current(now).time_zone)
        first = today - timedelta(days=AD_HOC_DAYS - 1)
        days = [day for day in (member.days if member else ()) if first <= day.day <= today]
        return RecentTransactions(
            orders=sum(day.orders for day in days),
            spend_minor=sum(day.spend_minor for day in days),
            returned_minor=sum(day.returned_minor for day in days),
            months=months,
        )
    totals = next((kept for kept in months if kept.month == month), MonthTotals(month))
    return RecentTransactions(
        orders=totals.orders,
        spend_minor=totals.spend_minor,
        returned_minor=totals.returned_minor,
        months=months,
    )


def calculate_total_spend(transactions: RecentTransactions) -> TotalSpend:
    """W3: what was bought in the period, returns taken off. No requests."""
    return TotalSpend(spend_minor=transactions.spend_minor - transactions.returned_minor)


def calculate_points(month: str, transactions: RecentTransactions) -> CalculatedPoints:
    """W4: what the month should have earned, and what the ledger lacks up to it. No requests.

    Each order's points were worked out by the rules of its own time when it was accepted.
    """
    due = sum(totals.points_due for totals in transactions.months if totals.month == month)
    return CalculatedPoints(
        points_due=due,
        points_missing=tuple(
            MonthPoints(month=missing.month, points=missing.points)
            for missing in missing_points(transactions.months, month)
        ),
    )


def determine_tier_eligibility(
    member: MemberSnapshot,
    month: str,
    transactions: RecentTransactions,
    *,
    program: ProgramStore,
    clock: Clock,
) -> TierEligibility:
    """W5: compare the qualification period that ends with the month with the tiers. No requests."""
    now = clock.now()
    decision = _decision(member.standing, transactions.months, month, program.current(now), now)
    return TierEligibility(
        decision=decision,
        changes=_changes(member.standing, decision),
        upgrades=_upgrades_of(member.standing, month),
    )


def update_points_balance(
    member: MemberSnapshot,
    month: str,
    transactions: RecentTransactions,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> UpdatedBalance:
    """W6: post what the ledger lacks up to the month. Requests: 1 transaction.

    A repetition posts nothing again and answers what the first call posted. The transaction also
    makes the bundle due that tells of the points, should W12 never come to it.

    Raises
    ------
    MemberNotFound
        The member has gone meanwhile.
    MemberBusy
        Others kept changing the member.
    """
    key = evaluation_key(month, member.version)
    seen: Member | None = replace(_partial(member), months=transactions.months)

    def answer(after: Member, points: int) -> UpdatedBalance:
        snapshot = _snapshot(after, hears=member.hears_of_points)
        return UpdatedBalance(member=snapshot, points_posted=points)

    def attempt() -> UpdatedBalance:
        nonlocal seen
        before, seen = seen, None
        is_first = before is not None
        if before is None:
            before = present_member(store, member.member_id)
        now = clock.now()
        definition = program.current(now)
        after, entries = post_missing(before, month, key, definition, now)
        if not entries:
            posted = 0 if is_first else _posted_before(store, member.member_id, key)
            return answer(before, posted)
        after = replace(after, version=before.version + 1)
        points = sum(entry.points for entry in entries)
        due = newly_due(before.account, after)
        if points > 0 and member.hears_of_points:
            told_at = bundle_time(definition, program_day(now, definition.time_zone))
            due = (*due, Due("points_sms", told_at, member.member_id))
        store.commit(
            MemberChange(
                member=after,
                expected_version=before.version,
                only=("account", "months"),
                entries=entries,
                due=due,
            )
        )
        return answer(after, points)

    return with_retries(attempt)


def update_tier(
    member: MemberSnapshot,
    month: str,
    decision: TierDecision,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> UpdatedTier:
    """W7: move the member up or down, or propose an upgrade. Requests: 1 transaction.

    A repetition changes nothing and answers what the first call did.

    Raises
    ------
    MemberNotFound
        The member has gone meanwhile.
    MemberBusy
        Others kept changing the member.
    """
    seen: Member | None = _partial(member)

    def attempt() -> UpdatedTier:
        nonlocal seen
        before, decided = seen, decision
        seen = None
        now = clock.now()
        if before is None:
            before = present_member(store, member.member_id)
            decided = _decision(before.standing, before.months, month, program.current(now), now)
        if not _changes(before.standing, decided):
            return UpdatedTier(tier=before.tier, upgrades=_upgrades_of(before.standing, month))
        after, facts = apply(replace(before, version=before.version + 1), decided, month, now)
        store.commit(
            MemberChange(
                member=after,
                expected_version=before.version,
                only=("standing",),
                status_changes=facts,
            )
        )
        return UpdatedTier(tier=after.tier, upgrades=_upgrades_of(after.standing, month))

    return with_retries(attempt)


def _decision(
    standing: TierStanding,
    months: tuple[MonthTotals, ...],
    month: str,
    definition: ProgramDefinition,
    now: datetime,
) -> TierDecision:
    """Decide on the tier, by the latest complete month only.

    An older month, or the open one ad hoc, moves nobody: what it would lead to is known better, or
    not yet.
    """
    decision = decide(standing, months, definition, month)
    if month != month_after(_month_of(now, definition), -1):
        stays = standing.tier or definition.entry_tier
        return TierDecision(stays, decision.qualifying, grace_until=standing.grace_until)
    return decision


def _changes(standing: TierStanding, decision: TierDecision) -> bool:
    return (
        decision.reason is not None
        or decision.proposed is not None
        or decision.withdrawn
        or decision.grace_until != standing.grace_until
    )


def _upgrades_of(standing: TierStanding, month: str) -> tuple[TierUpgrade, ...]:
    """Return the upgrades that the month brought and that were not undone, the first one first."""
    # Who falls back to a tier is in it by the same upgrade again.
    to_tiers = {
        span.upgrade_id: span.tier
        for span in standing.spans
        if span.month == month and span.upgrade_id is not None and not span.undone
    }
    return tuple(TierUpgrade(upgrade_id=name, to_tier=tier) for name, tier in to_tiers.items())


def _posted_before(store: MemberStore, member_id: str, key: str) -> int:
    entries, _ = store.entries(member_id, limit=ENTRIES_LOOKED_AT)
    return sum(entry.points for entry in entries if entry.business_key.startswith(key))


def _snapshot(member: Member, *, hears: bool) -> MemberSnapshot:
    return MemberSnapshot(
        member_id=member.member_id,
        version=member.version,
        status=member.status,
        standing=member.standing,
        account=member.account,
        hears_of_points=hears,
    )


def _partial(snapshot: MemberSnapshot) -> Member:
    """Return the member as far as the evaluation knows it; the rest must not be written."""
    return Member(
        member_id=snapshot.member_id,
        version=snapshot.version,
        created_at=datetime.min.replace(tzinfo=UTC),
        status=snapshot.status,
        standing=snapshot.standing,
        account=snapshot.account,
    )


def _month_of(at: datetime, definition: ProgramDefinition) -> str:
    return month_of(program_day(at, definition.time_zone))
