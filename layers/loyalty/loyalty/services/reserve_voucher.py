"""Keeping a voucher for one purchase while it is paid for."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty.contracts.vouchers import VoucherUseAnswer
from loyalty.domain.voucher_uses import UseRequest, reserve
from loyalty.domain.vouchers import Voucher, VoucherStep, VoucherUse
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.vouchers import shown_by, take_step


def reserve_voucher(
    typed_code: str,
    request: UseRequest,
    *,
    vouchers: VoucherStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> tuple[VoucherUseAnswer, bool]:
    """Reserve a voucher, or a part of its amount, for `request.redemption_id`.

    Nobody else can use it until it is redeemed, rolled back, or the program's reservation minutes
    are over, which needs no job. Requests: 1 read and 1 transaction; 1 read for a repeat; more only
    when another member is named than the owner, who may have been merged.

    Returns
    -------
    tuple of VoucherUseAnswer and bool
        The answer, and whether the reservation is new.

    Raises
    ------
    VoucherNotFound
        There is no such voucher.
    SwitchedOff
        The program has no vouchers.
    DomainError
        The rules refuse it (`loyalty.domain.voucher_uses.reserve`).
    MemberBusy
        Others kept changing the voucher.
    """

    def decide(voucher: Voucher, use: VoucherUse | None, now: datetime) -> VoucherStep:
        asked = request.by(shown_by(voucher, request.named, store))
        minutes = program.current(now).voucher_reservation_minutes
        return reserve(voucher, use, asked, at=now, until=now + timedelta(minutes=minutes))

    return take_step(
        typed_code,
        request.redemption_id,
        decide,
        vouchers=vouchers,
        clock=clock,
        program=program,
    )
