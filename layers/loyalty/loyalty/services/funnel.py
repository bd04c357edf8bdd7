"""The funnel by the journey's arms (R1, R2), made of totals, never of a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Final

from loyalty.contracts.funnel import FunnelArm, FunnelReport, FunnelStages
from loyalty.contracts.month_reports import SignedMoney
from loyalty.domain.calendar import month_after
from loyalty.domain.funnel import STAGES
from loyalty.domain.program_totals import Counts, by_suffix, summed
from loyalty.domain.report_errors import PeriodNotReadable
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.report_ports import TotalsStore

# One batch read.
MONTHS_AT_MOST: Final = 24


def funnel_report(
    from_month: str, to_month: str, *, totals: TotalsStore, program: ProgramStore, clock: Clock
) -> FunnelReport:
    """Return how many customers came how far in these months, both included, and what they spent.

    As of now, locked or not. Requests: 1 batch read and 1 query.

    Raises
    ------
    PeriodNotReadable
        The months end before they begin, or are more than `MONTHS_AT_MOST`.
    """
    flows = totals.flows_in(list(_months(from_month, to_month)))
    levels = totals.levels(to_month)
    definition = program.current(clock.now())
    names = {arm.name for arm in definition.variants} | set(_named(flows, levels))
    stages = {name: _stages(name, flows, levels) for name in sorted(names)}
    held_out = [arm.name for arm in definition.variants if arm.hold_out]
    alone = _per_customer(held_out, flows, levels)
    by_variant: dict[str, FunnelArm] = {}
    for name, counts in stages.items():
        spent = _per_customer([name], flows, levels)
        by_variant[name] = FunnelArm(
            **counts.model_dump(),
            customers=levels.get(f"arm:{name}", 0),
            revenue=_money(_revenue(name, flows), definition.currency),
            revenue_per_customer=None if spent is None else _money(spent, definition.currency),
            against_hold_out=None if name in held_out else _ratio(spent, alone),
        )
    return FunnelReport(
        from_month=from_month,
        to_month=to_month,
        total=FunnelStages(**summed(counts.model_dump() for counts in stages.values())),
        by_variant=by_variant,
    )


def _months(first: str, last: str) -> Iterator[str]:
    if not first <= last < month_after(first, MONTHS_AT_MOST):
        raise PeriodNotReadable(f"{first} to {last}")
    month = first
    while month <= last:
        yield month
        month = month_after(month)


def _named(flows: Counts, levels: Counts) -> Iterator[str]:
    """Yield the arms that anything is counted of: versions of the program come and go."""
    counted = [(levels, "active"), (levels, "arm"), (flows, "arm_spend"), (flows, "arm_returned")]
    for counts, prefix in [*counted, *((flows, f"funnel:{stage}") for stage in STAGES)]:
        yield from (name for name, number in by_suffix(counts, prefix).items() if number)


def _stages(name: str, flows: Counts, levels: Counts) -> FunnelStages:
    stages = {stage: flows.get(f"funnel:{stage}:{name}", 0) for stage in STAGES}
    return FunnelStages(**stages, active=levels.get(f"active:{name}", 0))


def _revenue(name: str, flows: Counts) -> int:
    return flows.get(f"arm_spend:{name}", 0) - flows.get(f"arm_returned:{name}", 0)


def _per_customer(names: Iterable[str], flows: Counts, levels: Counts) -> Fraction | None:
    """Return the arms' revenue by their customers; None without any."""
    customers = sum(levels.get(f"arm:{name}", 0) for name in names)
    revenue = sum(_revenue(name, flows) for name in names)
    return Fraction(revenue, customers) if customers else None


def _ratio(spent: Fraction | None, alone: Fraction | None) -> float | None:
    if spent is None or not alone:
        return None
    ratio = spent / alone
    exact = Decimal(ratio.numerator) / ratio.denominator
    return float(exact.quantize(Decimal("0.0001"), ROUND_HALF_EVEN))


def _money(amount_minor: Fraction | int, currency: str) -> SignedMoney:
    return SignedMoney(amount_minor=round(amount_minor), currency=currency)
