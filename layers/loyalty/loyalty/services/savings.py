"""Counting a voucher's use for its member: what it took off, and that a benefit was used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from loyalty.domain.engagement import take_back, use_benefit
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.journey import Step
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import Clock, Guard, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


@dataclass(frozen=True, slots=True)
class Saving:
    """A redemption of a voucher at `redeemed_at`, or its undoing, as a fact of the voucher tells.

    `amount_minor` is in minor units of the program's currency, 0 where nobody knows it.
    """

    voucher_id: str
    voucher_version: int
    amount_minor: int
    redeemed_at: datetime
    is_undone: bool = False


def count_saving(
    member_id: str, saving: Saving, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> bool:
    """Count one redemption of a voucher, or its undoing, once and in any order.

    Who had lapsed is active again. Requests: 1 read, 1 transaction; 1 read more when it was counted
    before.

    Parameters
    ----------
    member_id
        To whom the voucher was issued, or who redeemed one that nobody owns; after a merge, the
        survivor has used it.
    saving
        The fact.

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
        guard_id=f"{saving.voucher_id}#{saving.voucher_version}",
        member_id=member_id,
        request={"amount_minor": saving.amount_minor, "is_undone": saving.is_undone},
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
        now = clock.now()
        step = _step(member, saving, program.current(now), now)
        commit_step(store, member, step, guards=(counted,))
        return True

    return with_retries(decide)


def _step(member: Member, saving: Saving, definition: ProgramDefinition, now: datetime) -> Step:
    sign = -1 if saving.is_undone else 1
    saved = replace(
        member,
        version=member.version + 1,
        saved_minor=member.saved_minor + sign * saving.amount_minor,
    )
    at = saving.redeemed_at
    if saving.is_undone:
        return take_back(saved, at, definition, now, is_offer=False)
    return use_benefit(saved, at, definition, now, is_offer=False, by="voucher")
