"""Steps of vouchers as parts of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loyalty.adapters.dynamodb.transaction import (
    CONDITION_FAILED,
    LabelledTransaction,
    TransactionRefused,
)
from loyalty.adapters.dynamodb.voucher_items import (
    VoucherFactItem,
    VoucherIdItem,
    VoucherItem,
    VoucherLimitItem,
    VoucherOfMemberItem,
    VoucherUseItem,
    limit_key,
)
from loyalty.adapters.dynamodb.voucher_tables import VouchersItem
from loyalty.domain.reward_errors import VoucherLimitReached
from loyalty.domain.vouchers import Voucher, VoucherStep
from loyalty.services.ports import ChangeRefused
from loyalty.services.voucher_ports import VoucherIdTaken

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

_IS_NEW = VouchersItem.pk.does_not_exist()
_ID = "voucher id "
_LIMIT = "limit "


def write_steps(transaction: LabelledTransaction, steps: Sequence[VoucherStep]) -> None:
    """Add steps to a transaction, with the conditions of `VoucherStore.commit`."""
    for number, step in enumerate(steps):
        voucher, before = step.voucher, step.version_before
        unchanged = VoucherItem.version == before
        transaction.put(
            f"voucher {number}", VoucherItem.of(voucher), unchanged if before else _IS_NEW
        )
        if not before:
            _issue(transaction, number, voucher)
        for fact in step.facts:
            item = VoucherFactItem.of(voucher.code, fact)
            transaction.put(f"voucher fact {number} {fact.voucher_version}", item, _IS_NEW)
        if step.use is not None:
            # The voucher's version guards its uses too.
            transaction.put(f"voucher use {number}", VoucherUseItem.of(voucher.code, step.use))
        if step.counted:
            _count(transaction, f"{_LIMIT}{number}", voucher, step)


def refusal(refused: TransactionRefused) -> Exception:
    """Return what a refused transaction of steps means to a use case."""
    codes = {label: reason.code for label, reason in refused.reasons.items()}
    for label, reason in refused.reasons.items():
        if label.startswith(_ID) and reason.code == CONDITION_FAILED and reason.raw_item:
            return VoucherIdTaken(VoucherIdItem.from_raw_data(reason.raw_item).code)
    only_limits = codes and all(label.startswith(_LIMIT) for label in codes)
    if only_limits and set(codes.values()) == {CONDITION_FAILED}:
        return VoucherLimitReached()
    return ChangeRefused(str(refused))


def _issue(transaction: LabelledTransaction, number: int, voucher: Voucher) -> None:
    transaction.put(f"{_ID}{number}", VoucherIdItem.of(voucher), _IS_NEW, tell_existing=True)
    if voucher.member_id is not None:
        of_member = VoucherOfMemberItem.of(voucher, voucher.member_id)
        transaction.put(f"voucher of member {number}", of_member)


def _count(
    transaction: LabelledTransaction, label: str, voucher: Voucher, step: VoucherStep
) -> None:
    member_id = step.use.member_id if step.use else None
    limit = voucher.terms.member_limit
    if member_id is None or limit is None:
        raise ValueError("a counted use has a member and a limit")
    item = VoucherLimitItem(*limit_key(voucher.batch_id or voucher.voucher_id, member_id))
    used = VoucherLimitItem.used
    allowed = used.does_not_exist() | (used < limit) if step.counted > 0 else used.exists()
    actions: list[Action] = [
        VoucherLimitItem.item_type.set(VoucherLimitItem),
        used.add(step.counted),
    ]
    transaction.update(label, item, actions, allowed)
