"""Spending a voucher."""

from __future__ import annotations

from datetime import datetime

from loyalty.contracts.vouchers import VoucherUseAnswer
from loyalty.domain.voucher_uses import UseRequest, redeem
from loyalty.domain.vouchers import Voucher, VoucherStep, VoucherUse
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.vouchers import shown_by, take_step


def redeem_voucher(
    typed_code: str,
    request: UseRequest,
    *,
    vouchers: VoucherStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> tuple[VoucherUseAnswer, bool]:
    """Redeem a voucher, or a part of its amount; each `request.redemption_id` counts once.

    Of many at once exactly one wins. Requests: 1 read and 1 transaction; 1 read for a repeat; more
    only when another member is named than the owner, who may have been merged.

    Returns
    -------
    tuple of VoucherUseAnswer and bool
        The answer, and whether it was redeemed just now.

    Raises
    ------
    VoucherNotFound
        There is no such voucher.
    SwitchedOff
        The program has no vouchers, and nothing was reserved before.
    DomainError
        The rules refuse it (`loyalty.domain.voucher_uses.redeem`).
    MemberBusy
        Others kept changing the voucher.
    """

    def decide(voucher: Voucher, use: VoucherUse | None, now: datetime) -> VoucherStep:
        asked = request.by(shown_by(voucher, request.named, store))
        return redeem(voucher, use, asked, at=now)

    return take_step(
        typed_code,
        request.redemption_id,
        decide,
        vouchers=vouchers,
        clock=clock,
        program=program,
    )
