"""Clearing away vouchers that have expired; by rule they were of no use since that instant."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from loyalty.contracts.values import iso
from loyalty.contracts.vouchers import ExpiryReport
from loyalty.domain.vouchers import end
from loyalty.services.ports import Clock, ReportStore
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import EXPIRY_SHARDS, VoucherStore

# So many vouchers of two requests each stay below the function's time-out.
LIMIT = 5_000
PAGE = 200
REPORT, MARK = "voucher_expiry", "cleared"
# The day of the mark is walked again, as it was not over yet; just after midnight, while the index
# may lag, the day before is too.
OVERLAP = timedelta(hours=1)
FIRST_LOOK_BACK = timedelta(days=62)


def remove_expired_vouchers(
    until: datetime,
    *,
    vouchers: VoucherStore,
    reports: ReportStore,
    clock: Clock,
    limit: int = LIMIT,
) -> ExpiryReport:
    """Write down the end of every voucher that expired by `until`, and take it out of the index.

    Likewise of one that was to be cancelled when its reservation was over. Their items and facts
    stay for ever. A second run finds nothing to do. Requests: 2 for the mark of what was cleared
    before, 1 per day and shard since then, 2 per voucher.

    Parameters
    ----------
    until
        Vouchers that expire later, or later than now, are left.
    limit
        Vouchers at most.

    Returns
    -------
    ExpiryReport
        How many it were, and whether there is more to do.

    Raises
    ------
    MemberBusy
        Somebody kept changing a voucher; what was done before stays done.
    """
    until = min(until, clock.now())
    day, last_day = _first_day(until, reports), until.date()
    expired = 0
    while day <= last_day:
        for shard in range(EXPIRY_SHARDS):
            while codes := vouchers.expiring(day, shard, until=until, limit=PAGE):
                if expired >= limit:
                    return ExpiryReport(expired=expired, more=True)
                done = sum(_end(code, vouchers=vouchers, clock=clock) for code in codes)
                expired += done
                if not done:
                    break  # an index that lags still shows what was done before
        day += timedelta(days=1)
    reports.put(REPORT, MARK, {"until": iso(until)}, is_lasting=True)
    return ExpiryReport(expired=expired, more=False)


def _first_day(until: datetime, reports: ReportStore) -> date:
    mark = reports.get(REPORT, MARK)
    if mark is None:
        return (until - FIRST_LOOK_BACK).date()
    return min(until, datetime.fromisoformat(str(mark["until"])) - OVERLAP).date()


def _end(code: str, *, vouchers: VoucherStore, clock: Clock) -> bool:
    def attempt() -> bool:
        voucher = vouchers.voucher(code)
        step = end(voucher, clock.now()) if voucher else None
        if step is None:
            return False
        vouchers.commit(step)
        return True

    return with_retries(attempt)
