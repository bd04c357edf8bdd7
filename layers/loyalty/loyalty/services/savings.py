"""Counting what vouchers took off a member's purchases."""

from __future__ import annotations

from dataclasses import replace

from loyalty.domain.errors import MemberNotFound
from loyalty.services.customers import current_member
from loyalty.services.ports import Guard, MemberChange, MemberStore
from loyalty.services.retrying import with_retries


def count_saving(
    member_id: str, voucher_id: str, voucher_version: int, amount_minor: int, *, store: MemberStore
) -> bool:
    """Count one redemption of a voucher, or its undoing, once and in any order.

    Requests: 1 read, 1 transaction; 1 read more when it was counted before.

    Parameters
    ----------
    member_id
        To whom the voucher was issued; after a merge, the survivor has saved it.
    voucher_id, voucher_version
        The fact.
    amount_minor
        Minor units of the program's currency; below zero for an undoing.

    Returns
    -------
    bool
        False when it was counted before, or the member is gone.

    Raises
    ------
    MemberBusy
        Others kept changing the member.
    """
    counted = Guard(
        kind="saving",
        guard_id=f"{voucher_id}#{voucher_version}",
        member_id=member_id,
        request={"amount_minor": amount_minor},
        answer={},
    )
    is_first = True

    def decide() -> bool:
        nonlocal is_first
        # Most are new: the guard itself refuses the others, and only those are looked up.
        if not is_first and store.guard(member_id, counted.kind, counted.guard_id):
            return False
        is_first = False
        try:
            member = current_member(store, member_id)
        except MemberNotFound:
            return False
        saved = replace(
            member, version=member.version + 1, saved_minor=member.saved_minor + amount_minor
        )
        store.commit(MemberChange(member=saved, expected_version=member.version, guards=(counted,)))
        return True

    return with_retries(decide)
