"""A voucher that staff give away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.contracts.vouchers import VoucherRequest, VoucherView
from loyalty.domain.errors import OwnAccount
from loyalty.domain.reward_errors import VoucherConflict, VoucherInvalid
from loyalty.domain.voucher_terms import Terms
from loyalty.services.create_voucher import issue_once
from loyalty.services.customers import present_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.voucher_ports import VoucherCodes, VoucherStore
from loyalty.services.vouchers import require_switched_on, view


def issue_voucher(
    request: VoucherRequest,
    *,
    issued_by: str,
    own_member_id: str | None,
    vouchers: VoucherStore,
    codes: VoucherCodes,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> tuple[VoucherView, bool]:
    """Issue a voucher by staff; each `voucher_id` is issued once.

    Requests: 1 read when it is for a member, and 1 transaction; 1 more read for a repeat.

    Parameters
    ----------
    request
        What, for whom, from when until when.
    issued_by, own_member_id
        The member of staff, and the member that they are themselves, if any.

    Returns
    -------
    tuple of VoucherView and bool
        The voucher, and whether it is new.

    Raises
    ------
    OwnAccount
        Nobody gives themselves vouchers.
    VoucherInvalid
        It would be over already.
    VoucherConflict
        The id was issued before with another content.
    MemberNotFound
        There is no such customer.
    SwitchedOff
        The program has no vouchers.
    """
    if request.member_id is not None and request.member_id == own_member_id:
        raise OwnAccount("nobody gives themselves vouchers")
    now = clock.now()
    definition = program.current(now)
    require_switched_on(definition)
    terms = request.to_domain(definition.currency, now)
    require_future(terms, now)
    if request.member_id is not None:
        present_member(store, request.member_id)
    voucher, is_new = issue_once(
        request.voucher_id,
        terms,
        member_id=request.member_id,
        cause=f"staff/{issued_by}",
        vouchers=vouchers,
        codes=codes,
        clock=clock,
    )
    if voucher is None:
        raise VoucherConflict(request.voucher_id)
    asked = (as_asked(terms, voucher.terms, request.valid_from), request.member_id)
    if not is_new and (voucher.terms, voucher.member_id) != asked:
        raise VoucherConflict(request.voucher_id)
    return view(voucher, now), is_new


def as_asked(asked: Terms, stored: Terms, valid_from: datetime | None) -> Terms:
    """Return what was asked for, where "from now on" means from when it was first asked."""
    return asked if valid_from else replace(asked, valid_from=stored.valid_from)


def require_future(terms: Terms, now: datetime) -> None:
    """Pass when a voucher is not over already; else raise `VoucherInvalid`."""
    if terms.expires_at <= now:
        raise VoucherInvalid("expires_at has passed")
