"""Undoing what a till did with a voucher."""

from __future__ import annotations

from datetime import datetime

from loyalty.contracts.vouchers import VoucherUseAnswer
from loyalty.domain.reward_errors import RedemptionConflict
from loyalty.domain.voucher_uses import roll_back
from loyalty.domain.vouchers import Voucher, VoucherStep, VoucherUse
from loyalty.services.ports import Clock
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.vouchers import take_step


def roll_back_voucher(
    typed_code: str,
    redemption_id: str,
    *,
    order_id: str | None = None,
    amount_minor: int | None = None,
    vouchers: VoucherStore,
    clock: Clock,
) -> tuple[VoucherUseAnswer, bool]:
    """Undo a reservation or a redemption exactly; its id is used up then.

    Requests: 1 read and 1 transaction; 1 read for a repeat.

    Returns
    -------
    tuple of VoucherUseAnswer and bool
        The answer, and whether it was undone just now.

    Raises
    ------
    VoucherNotFound, RedemptionNotFound
        There is no such voucher, or it knows no such id.
    RedemptionConflict
        The id was used for another order than `order_id`, or another amount than `amount_minor`.
    MemberBusy
        Others kept changing the voucher.
    """

    def decide(voucher: Voucher, use: VoucherUse | None, now: datetime) -> VoucherStep:
        own = use is None or (
            order_id in (None, use.order_id) and amount_minor in (None, use.amount_minor)
        )
        if not own:
            raise RedemptionConflict(redemption_id)
        return roll_back(voucher, use, redemption_id, at=now)

    return take_step(typed_code, redemption_id, decide, vouchers=vouchers, clock=clock)
