"""Issuing one voucher, once per voucher id."""

from __future__ import annotations

from loyalty.domain.program import VoucherRule
from loyalty.domain.voucher_terms import Terms, terms_of
from loyalty.domain.vouchers import Voucher, issue
from loyalty.services.ports import ChangeRefused, Clock, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import VoucherCodes, VoucherIdTaken, VoucherStore


def create_voucher(
    voucher_id: str,
    *,
    member_id: str | None,
    rule: VoucherRule,
    cause: str,
    vouchers: VoucherStore,
    codes: VoucherCodes,
    program: ProgramStore,
    clock: Clock,
) -> Voucher | None:
    """Issue the voucher of a rule; the same `voucher_id` again gives the first one.

    Whether the program has vouchers at all is the caller's question. Requests: 1 transaction; 1
    more and 1 read when it was issued before.

    Parameters
    ----------
    voucher_id
        Derived from the cause, so that a retry names the same voucher.
    member_id
        Whose voucher it is; None: whoever holds the code.
    rule
        What it is good for, from now on.
    cause
        The business key of what issues it; no personal data.

    Returns
    -------
    Voucher or None
        None when the id was cancelled before it was issued.

    Raises
    ------
    MemberBusy
        The table was out of reach or capacity.
    """
    now = clock.now()
    definition = program.current(now)
    terms = terms_of(rule, definition.currency, now, definition.time_zone)
    voucher, _ = issue_once(
        voucher_id,
        terms,
        member_id=member_id,
        cause=cause,
        vouchers=vouchers,
        codes=codes,
        clock=clock,
    )
    return voucher


def issue_once(
    voucher_id: str,
    terms: Terms,
    *,
    member_id: str | None,
    cause: str,
    vouchers: VoucherStore,
    codes: VoucherCodes,
    clock: Clock,
) -> tuple[Voucher | None, bool]:
    """Issue a voucher, or return the one that has the id already, and whether it is new.

    Requests and errors as for `create_voucher`.
    """

    def attempt() -> tuple[Voucher | None, bool]:
        step = issue(
            codes.new(), voucher_id, terms, member_id=member_id, cause=cause, at=clock.now()
        )
        try:
            vouchers.commit(step)
        except VoucherIdTaken as taken:
            if taken.code is None:
                return None, False
            found = vouchers.voucher(taken.code)
            if found is None:
                raise ChangeRefused("a voucher id without a voucher") from taken
            return found, False
        return step.voucher, True

    return with_retries(attempt)
