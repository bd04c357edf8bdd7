"""The program's monthly reports: health (W13) and return (W15), made of totals, never of a scan.

A report is written anew only when its figures differ from the latest revision's, so any job may
write it as often as it likes.
"""

from __future__ import annotations

import calendar
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from loyalty.contracts.month_reports import (
    HealthReport,
    MonthLocked,
    RoiReport,
    SignedMoney,
)
from loyalty.domain.calendar import month_after, month_of, month_start, program_day
from loyalty.domain.funnel import Stage
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.program_totals import (
    ANYBODY,
    BENEFITS,
    MEMBERS,
    NO_TIER,
    Counts,
    by_suffix,
)
from loyalty.domain.report_errors import MonthStillOpen
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.report_ports import MonthLock, RevisionStore, TotalsStore
from loyalty.services.report_revisions import Draft, latest_revision, listing, report_name
from loyalty.services.retrying import with_retries

HEALTH: Final = "health"
ROI: Final = "roi"
# Each takes a look at all of its counts: the latest months every day, older ones every Monday, what
# comes later still when finance locks the month.
REFRESHED_DAILY: Final = 3
REFRESHED_WEEKLY: Final = 13


def health_report(month: str, *, reports: RevisionStore) -> HealthReport:
    """Return the latest revision. Requests: 1 query.

    Raises
    ------
    ReportNotFound
        None was written yet.
    """
    return latest_revision(HEALTH, month, reports, HealthReport)


def roi_report(month: str, *, reports: RevisionStore) -> RoiReport:
    """Return the latest revision. Requests: 1 query.

    Raises
    ------
    ReportNotFound
        None was written yet.
    """
    return latest_revision(ROI, month, reports, RoiReport)


def health_reports(*, months: int, reports: RevisionStore) -> tuple[HealthReport, ...]:
    """Return the latest revisions of the latest so many months, oldest first. Requests: 1 query."""
    found = reports.last(listing(HEALTH), limit=months)
    return tuple(HealthReport.model_validate(report) for report in reversed(found))


def roi_reports(*, months: int, reports: RevisionStore) -> tuple[RoiReport, ...]:
    """Return the latest revisions of the latest so many months, oldest first. Requests: 1 query."""
    found = reports.last(listing(ROI), limit=months)
    return tuple(RoiReport.model_validate(report) for report in reversed(found))


def write_health_report(
    month: str,
    *,
    totals: TotalsStore,
    program: ProgramStore,
    reports: RevisionStore,
    clock: Clock,
) -> HealthReport:
    """W13: write the month's health report, a new revision when a figure has changed.

    Requests: 4 queries, and 1 transaction for a new revision.
    """
    definition = _definition_of(month, program, clock)

    def attempt() -> HealthReport:
        draft = Draft(HEALTH, month, HealthReport, reports, clock)
        figures = _health_figures(totals.flows(month), totals.levels(month), definition)
        return draft.write(figures, totals.locks().get(month))

    return with_retries(attempt)


def write_roi_report(
    month: str,
    *,
    totals: TotalsStore,
    program: ProgramStore,
    reports: RevisionStore,
    clock: Clock,
) -> RoiReport:
    """W15: write the month's report on the program's return, a new revision when it has changed.

    Requests: 3 queries, and 1 transaction for a new revision.
    """
    definition = _definition_of(month, program, clock)

    def attempt() -> RoiReport:
        draft = Draft(ROI, month, RoiReport, reports, clock)
        figures = _roi_figures(totals.flows(month), definition)
        return draft.write(figures, totals.locks().get(month))

    return with_retries(attempt)


def lock_month(
    month: str,
    locked_by: str,
    *,
    totals: TotalsStore,
    program: ProgramStore,
    reports: RevisionStore,
    clock: Clock,
) -> MonthLocked:
    """Close a month: its reports are final, and what comes late counts in the open month.

    Closing it again changes nothing. Requests: 3 transactions, 5 queries.

    Raises
    ------
    MonthStillOpen
        The month is not over.
    """
    now = clock.now()
    require_over(month, program.current(now), now)
    lock = with_retries(lambda: totals.lock(MonthLock(month, locked_by, now)))
    health, roi = _write_both(month, totals, program, reports, clock)
    return MonthLocked(
        month=month,
        locked_by=lock.locked_by,
        locked_at=lock.locked_at,
        health_revision=health.revision,
        roi_revision=roi.revision,
    )


def refresh_reports(
    *, totals: TotalsStore, program: ProgramStore, reports: RevisionStore, clock: Clock
) -> int:
    """Write the reports of the latest months anew that have any and are not locked.

    Three months, on the program's Mondays thirteen.

    Requests: 1 query, and 1 per month; 5 and at most 2 transactions for each that has reports.

    Returns
    -------
    int
        How many months were looked at.
    """
    now = clock.now()
    today = program_day(now, program.current(now).time_zone)
    this_month = month_of(today)
    locked = totals.locks()
    refreshed = 0
    months_back = REFRESHED_WEEKLY if today.weekday() == calendar.MONDAY else REFRESHED_DAILY
    for back in range(1, months_back + 1):
        month = month_after(this_month, -back)
        if month in locked or reports.latest(report_name(HEALTH, month)) is None:
            continue
        _write_both(month, totals, program, reports, clock)
        refreshed += 1
    return refreshed


def require_over(month: str, definition: ProgramDefinition, now: datetime) -> None:
    """Pass when the month has ended; raise `MonthStillOpen` otherwise."""
    if now < month_start(month_after(month), definition.time_zone):
        raise MonthStillOpen(month)


def _health_figures(
    flows: Counts, levels: Counts, definition: ProgramDefinition
) -> dict[str, object]:
    orders, revenue = by_suffix(flows, "orders"), _revenue(flows)
    buyers = by_suffix(flows, "buyers")
    by_tier = by_suffix(levels, "members")
    members = sum(by_tier.values())
    pending, owed = levels.get("points:pending", 0), levels.get("points:owed", 0)
    # The ledger's balance is what lots hold less what is owed.
    available = levels.get("points:available", 0) + owed
    others = revenue.pop(NO_TIER, 0)

    distributed = -flows.get("ledger:accrual:issued", 0)
    taken_back = distributed + _of_account(flows, "issued")
    redeemed = flows.get("ledger:redemption:redeemed", 0)
    kept_redeemed = _of_account(flows, "redeemed")
    closing = pending + available - owed
    moved = _of_account(flows, "pending") + _of_account(flows, "available")

    def facts(event: str) -> int:
        return flows.get(f"facts:{event}", 0)

    def money(amount_minor: int) -> SignedMoney:
        return SignedMoney(amount_minor=amount_minor, currency=definition.currency)

    return {
        "points_distributed": distributed,
        "points_taken_back": taken_back,
        "points_released": -flows.get("ledger:release:pending", 0),
        "points_redeemed": redeemed,
        "points_given_back": redeemed - kept_redeemed,
        "points_expired": _of_account(flows, "expired"),
        "points_adjusted": -_of_account(flows, "adjusted"),
        "points_pending": pending,
        "points_available": available,
        "points_outstanding": pending + available,
        "points_owed": owed,
        "points_opening": closing - moved,
        "points_closing": closing,
        "members": members,
        "members_by_tier": {tier.name: by_tier.get(tier.name, 0) for tier in definition.tiers}
        | {name: number for name, number in by_tier.items() if number},
        "members_enrolled": facts("MemberEnrolled"),
        "members_moved_up": sum(by_suffix(flows, "moved_up").values()),
        "members_moved_down": sum(by_suffix(flows, "moved_down").values()),
        "active": levels.get("status:active", 0),
        "inactive": levels.get("status:inactive", 0),
        **_engagement_figures(flows, members),
        "redemption_rate": _rate(kept_redeemed, distributed - taken_back),
        "customers_who_bought": buyers.get(ANYBODY, 0),
        "members_who_bought": buyers.get(MEMBERS, 0),
        "enrolment_rate": _rate(buyers.get(MEMBERS, 0), buyers.get(ANYBODY, 0)),
        "participation_rate": _rate(buyers.get(MEMBERS, 0), members),
        "orders_of_members": sum(orders.values()) - orders.get(NO_TIER, 0),
        "orders_of_others": orders.get(NO_TIER, 0),
        "revenue_of_members": money(sum(revenue.values())),
        "revenue_of_others": money(others),
        "vouchers_issued": facts("VoucherIssued"),
        "vouchers_redeemed": flows.get("vouchers:redemptions", 0),
        "vouchers_expired": facts("VoucherExpired"),
        "vouchers_cancelled": facts("VoucherCancelled"),
        "voucher_discounts": money(flows.get("vouchers:discount", 0)),
        "late_facts": by_suffix(flows, "late"),
    }


def _engagement_figures(flows: Counts, members: int) -> dict[str, object]:
    def stage(name: Stage) -> int:
        return sum(by_suffix(flows, f"funnel:{name}").values())

    users = flows.get(f"buyers:{BENEFITS}", 0)
    return {
        "top": stage("top"),
        "lapsed": stage("lapsed"),
        "won_back": stage("won_back"),
        "offers_used": flows.get("facts:OfferUsed", 0) - flows.get("facts:OfferUseReversed", 0),
        "benefit_users": users,
        "benefit_rate": _rate(users, members),
    }


def _roi_figures(flows: Counts, definition: ProgramDefinition) -> dict[str, object]:
    def money(amount_minor: int) -> SignedMoney:
        return SignedMoney(amount_minor=amount_minor, currency=definition.currency)

    revenue = dict.fromkeys((tier.name for tier in definition.tiers), 0) | _revenue(flows)
    others = revenue.pop(NO_TIER, 0)
    buyers = {tier: flows.get(f"buyers:tier:{tier}", 0) for tier in revenue}
    cost = flows.get("vouchers:discount", 0)
    total = sum(revenue.values())
    issued = -flows.get("ledger:accrual:issued", 0) - flows.get("ledger:reversal:issued", 0)
    value = definition.point_value_minor
    return {
        "average_spend_by_tier": {
            tier: money(_rounded(Decimal(amount) / buyers[tier])) if buyers[tier] else None
            for tier, amount in revenue.items()
        },
        "buyers_by_tier": buyers,
        "revenue_by_tier": {tier: money(amount) for tier, amount in revenue.items()},
        "revenue": money(total),
        "revenue_of_others": money(others),
        "reward_cost": money(cost),
        "points_cost": None if value is None else money(_rounded(issued * value)),
        "program_return": _rate(total - cost, cost) if cost > 0 else None,
    }


def _revenue(flows: Counts) -> dict[str, int]:
    """Return net revenue by tier, `NO_TIER` for those who were no members."""
    bought, returned = by_suffix(flows, "spend"), by_suffix(flows, "returned")
    tiers = sorted(bought.keys() | returned.keys())
    return {tier: bought.get(tier, 0) - returned.get(tier, 0) for tier in tiers}


def _of_account(flows: Counts, account: str) -> int:
    ledger = by_suffix(flows, "ledger")
    return sum(points for name, points in ledger.items() if name.endswith(f":{account}"))


def _rate(part: int, whole: int) -> float | None:
    """Return a share with four decimals."""
    if not whole:
        return None
    return float((Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_EVEN))


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


def _definition_of(month: str, program: ProgramStore, clock: Clock) -> ProgramDefinition:
    """Return the version in force at the month's end."""
    now = clock.now()
    ended = month_start(month_after(month), program.current(now).time_zone)
    return program.current(min(ended, now))


def _write_both(
    month: str,
    totals: TotalsStore,
    program: ProgramStore,
    reports: RevisionStore,
    clock: Clock,
) -> tuple[HealthReport, RoiReport]:
    """Write both reports of a month from one reading of its totals."""
    definition = _definition_of(month, program, clock)

    def attempt() -> tuple[HealthReport, RoiReport]:
        health = Draft(HEALTH, month, HealthReport, reports, clock)
        roi = Draft(ROI, month, RoiReport, reports, clock)
        flows, levels = totals.flows(month), totals.levels(month)
        lock = totals.locks().get(month)
        return (
            health.write(_health_figures(flows, levels, definition), lock),
            roi.write(_roi_figures(flows, definition), lock),
        )

    return with_retries(attempt)
