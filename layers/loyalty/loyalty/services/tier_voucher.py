"""The reward voucher of a tier (W8 of the product)."""

from __future__ import annotations

from loyalty.contracts.evaluation import TierVoucher
from loyalty.services.create_voucher import create_voucher
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.voucher_ports import VoucherCodes, VoucherStore


def issue_tier_voucher(
    member_id: str,
    upgrade_id: str,
    to_tier: str,
    *,
    vouchers: VoucherStore,
    codes: VoucherCodes,
    program: ProgramStore,
    clock: Clock,
) -> TierVoucher:
    """Issue the voucher that a tier gives, once per upgrade. Requests: 1 transaction.

    Parameters
    ----------
    member_id
        Whose voucher it is.
    upgrade_id
        Names the voucher, so that a repetition issues no second one.
    to_tier
        The tier that was reached, as the program has it now.

    Returns
    -------
    TierVoucher
        Not issued when the tier gives none, the program has no vouchers, or the upgrade was undone
        meanwhile.

    Raises
    ------
    MemberBusy
        The table was out of reach or capacity.
    """
    definition = program.current(clock.now())
    rule = next((tier.voucher for tier in definition.tiers if tier.name == to_tier), None)
    if rule is None or not definition.vouchers_enabled:
        return TierVoucher(is_issued=False)
    voucher = create_voucher(
        upgrade_id,
        member_id=member_id,
        rule=rule,
        cause=f"upgrade/{upgrade_id}",
        vouchers=vouchers,
        codes=codes,
        program=program,
        clock=clock,
    )
    return TierVoucher(is_issued=voucher is not None)
