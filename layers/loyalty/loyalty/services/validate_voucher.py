"""Asking what a voucher is worth on an order."""

from __future__ import annotations

from dataclasses import replace

from loyalty.contracts.values import Money
from loyalty.contracts.vouchers import ValidationAnswer
from loyalty.domain.errors import DomainError
from loyalty.domain.voucher_terms import Basket, discount, require_applicable
from loyalty.domain.vouchers import Voucher, require_usable
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.voucher_ports import VoucherStore
from loyalty.services.vouchers import present_voucher, require_switched_on, shown_by


def validate_voucher(
    typed_code: str,
    basket: Basket,
    *,
    vouchers: VoucherStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> ValidationAnswer:
    """Tell whether a voucher can be redeemed on a basket now, and what it takes off.

    Changes nothing; how often a member used a batch is not asked. Requests: 1 read; more
    only when another member is named than the owner, who may have been merged.

    Raises
    ------
    VoucherNotFound
        There is no such voucher.
    """
    voucher = present_voucher(typed_code, vouchers)
    basket = replace(basket, member_id=shown_by(voucher, basket.member_id, store))
    refusal = _refusal(voucher, basket, program=program, clock=clock)
    worth = 0 if refusal else discount(voucher.terms, voucher.remaining_minor, basket)
    return ValidationAnswer(
        valid=refusal is None,
        reason=refusal.code if refusal else None,
        discount=Money(amount_minor=worth, currency=basket.total.currency),
    )


def _refusal(
    voucher: Voucher, basket: Basket, *, program: ProgramStore, clock: Clock
) -> DomainError | None:
    now = clock.now()
    try:
        require_switched_on(program.current(now))
        require_usable(voucher, now)
        require_applicable(voucher.terms, voucher.member_id, basket)
    except DomainError as refused:
        return refused
    return None
