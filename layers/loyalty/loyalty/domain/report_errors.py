"""What reports and cycles refuse; see `errors`."""

from __future__ import annotations

from loyalty.domain.errors import DomainError


class ReportNotFound(DomainError):
    """No such report was written yet."""

    code = "report_not_found"


class CycleNotFound(DomainError):
    """There is no such cycle."""

    code = "cycle_not_found"


class ReviewNotFound(DomainError):
    """There is no such review of a month's engagement."""

    code = "review_not_found"


class PeriodNotReadable(DomainError):
    """The months end before they begin, or are too many to be read at once."""

    code = "period_not_readable"


class MonthStillOpen(DomainError):
    """The month is not over yet."""

    code = "month_still_open"


class MonthTooOld(DomainError):
    """What was used in the month is not kept any more."""

    code = "month_too_old"
