"""Composition of totals, reports and the program's monthly cycle; beside `composition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition

if TYPE_CHECKING:
    from loyalty.services.ports import Clock, ProgramStore, ReportStore
    from loyalty.services.report_ports import TotalsStore


class CountingPorts(TypedDict):
    program: ProgramStore
    totals: TotalsStore


class MonthReportPorts(CountingPorts):
    reports: ReportStore
    clock: Clock


def totals_store() -> TotalsStore:
    """Return the totals of the program by month."""
    from loyalty.adapters.dynamodb.totals_store import DynamoTotalsStore

    return DynamoTotalsStore(composition.tables(), composition.clock())


def counting_ports() -> CountingPorts:
    """Return what counting the facts of a stream needs."""
    return {"program": composition.program_store(), "totals": totals_store()}


def month_report_ports() -> MonthReportPorts:
    """Return what writing a month's reports and locking a month need."""
    return {
        **counting_ports(),
        "reports": composition.report_store(),
        "clock": composition.clock(),
    }
