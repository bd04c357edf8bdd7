"""The funnel by the journey's arms (R1), made of totals, never of a scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loyalty.contracts.funnel import FunnelReport, FunnelStages
from loyalty.domain.calendar import month_after
from loyalty.domain.funnel import STAGES
from loyalty.domain.program_totals import Counts, by_suffix, summed
from loyalty.domain.report_errors import PeriodNotReadable
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.report_ports import TotalsStore

# Each month is a query of its own.
MONTHS_AT_MOST: Final = 24


def funnel_report(
    from_month: str, to_month: str, *, totals: TotalsStore, program: ProgramStore, clock: Clock
) -> FunnelReport:
    """Return how many customers came how far in these months, both included.

    As of now, locked or not. Requests: 1 query per month, and 1.

    Raises
    ------
    PeriodNotReadable
        The months end before they begin, or are more than `MONTHS_AT_MOST`.
    """
    months = list(_months(from_month, to_month))
    flows = summed(totals.flows(month) for month in months)
    levels = totals.levels(to_month)
    arms = {arm.name for arm in program.current(clock.now()).variants}
    for counts, prefix in [(levels, "active"), *((flows, f"funnel:{stage}") for stage in STAGES)]:
        arms |= {arm for arm, number in by_suffix(counts, prefix).items() if number}
    by_variant = {arm: _stages(arm, flows, levels) for arm in sorted(arms)}
    return FunnelReport(
        from_month=from_month,
        to_month=to_month,
        total=FunnelStages(**summed(arm.model_dump() for arm in by_variant.values())),
        by_variant=by_variant,
    )


def _months(first: str, last: str) -> Iterator[str]:
    if not first <= last < month_after(first, MONTHS_AT_MOST):
        raise PeriodNotReadable(f"{first} to {last}")
    month = first
    while month <= last:
        yield month
        month = month_after(month)


def _stages(arm: str, flows: Counts, levels: Counts) -> FunnelStages:
    stages = {stage: flows.get(f"funnel:{stage}:{arm}", 0) for stage in STAGES}
    return FunnelStages(**stages, active=levels.get(f"active:{arm}", 0))
