"""Revisions of the monthly reports: all are kept, and one is added when a figure has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from loyalty.contracts.month_reports import MonthReport
from loyalty.domain.report_errors import ReportNotFound
from loyalty.services.ports import ChangeRefused, Clock
from loyalty.services.report_ports import MonthLock, RevisionStore

Report = TypeVar("Report", bound=MonthReport)


class Draft(Generic[Report]):
    """The revision after the latest one.

    It is begun before totals and lock are read, so that somebody who writes one meanwhile, of newer
    totals, is not overwritten.
    """

    def __init__(
        self, kind: str, month: str, model: type[Report], reports: RevisionStore, clock: Clock
    ) -> None:
        self._kind, self._month, self._model = kind, month, model
        self._reports, self._clock = reports, clock
        found = reports.latest(report_name(kind, month))
        self._latest = model.model_validate(found) if found else None

    def write(self, figures: Mapping[str, object], lock: MonthLock | None) -> Report:
        """Add a revision unless the latest one says the same.

        Raises
        ------
        ChangeRefused
            Somebody else wrote this revision.
        """
        latest, now = self._latest, self._clock.now()
        report = self._model.model_validate(
            {
                **figures,
                "month": self._month,
                "revision": latest.revision if latest else 1,
                "written_at": latest.written_at if latest else now,
                "locked_at": lock.locked_at if lock else None,
            }
        )
        if report == latest:
            return report
        if latest is not None:
            news = {"revision": latest.revision + 1, "written_at": now}
            report = report.model_copy(update=news)
        name, written = report_name(self._kind, self._month), report.model_dump(mode="json")
        listed = listing(self._kind), self._month
        if not self._reports.add(name, f"{report.revision:06}", written, listed=listed):
            raise ChangeRefused(f"somebody else wrote revision {report.revision} of {name}")
        return report


def latest_revision(kind: str, month: str, reports: RevisionStore, model: type[Report]) -> Report:
    """Return the latest revision, or raise `ReportNotFound`. Requests: 1 query."""
    found = reports.latest(report_name(kind, month))
    if found is None:
        raise ReportNotFound(month)
    return model.model_validate(found)


def report_name(kind: str, month: str) -> str:
    """Return under which name a month's revisions lie."""
    return f"{kind}-{month}"


def listing(kind: str) -> str:
    """Return under which name the latest revisions of all months are listed."""
    return f"{kind}-months"
