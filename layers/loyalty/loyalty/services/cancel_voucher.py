"""Ending a voucher before its time."""

from __future__ import annotations

from loyalty.contracts.vouchers import VoucherView
from loyalty.domain.reward_errors import (
    VoucherAlreadyRedeemed,
    VoucherHasExpired,
)
from loyalty.domain.vouchers import cancel, withdraw
from loyalty.services.ports import Clock
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.vouchers import present_voucher, view


def cancel_voucher_of_code(
    typed_code: str,
    *,
    reason: str,
    redemption_id: str | None,
    vouchers: VoucherStore,
    clock: Clock,
) -> VoucherView:
    """Cancel a voucher, or what is left of it; a second time changes nothing.

    `redemption_id` is the one that has it reserved, if it is to end as well.

    Requests: 1 read and 1 transaction; 1 read for a repeat.

    Raises
    ------
    VoucherNotFound
        There is no such voucher.
    VoucherAlreadyRedeemed, VoucherHasExpired, VoucherIsReserved
        It is over, or somebody is about to redeem it.
    MemberBusy
        Others kept changing the voucher.
    """

    def attempt() -> VoucherView:
        now = clock.now()
        step = cancel(
            present_voucher(typed_code, vouchers),
            reason,
            at=now,
            only_unused=False,
            redemption_id=redemption_id,
        )
        if step.facts:
            vouchers.commit(step)
        return view(step.voucher, now)

    return with_retries(attempt)


def withdraw_voucher(voucher_id: str, *, reason: str, vouchers: VoucherStore, clock: Clock) -> bool:
    """Cancel a voucher that nobody has used, such as that of an undone upgrade.

    One that a till has reserved is cancelled by itself when that ends, unless it is redeemed. One
    that was not issued yet never will be: who creates it may only be slower. Requests: 2 reads
    and 1 transaction; without a voucher 1 read and 1 write.

    Returns
    -------
    bool
        Whether nobody can use the voucher but who has it reserved; False when it was used or is
        over.

    Raises
    ------
    MemberBusy
        Others kept changing the voucher.
    """

    def attempt() -> bool:
        code = vouchers.codes([voucher_id]).get(voucher_id)
        voucher = vouchers.voucher(code) if code else None
        if voucher is None:
            vouchers.bar(voucher_id)
            return True
        try:
            step = withdraw(voucher, reason, at=clock.now())
        except (VoucherAlreadyRedeemed, VoucherHasExpired):
            return False
        if step.facts:
            vouchers.commit(step)
        return True

    return with_retries(attempt)
