"""Leaving the program, and the end of the points that were left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loyalty.contracts.values import iso
from loyalty.domain.leaving import FORFEITED_AFTER, forfeit, leave
from loyalty.domain.ledger import FORFEITURE, Posting
from loyalty.domain.reward_errors import (
    VoucherAlreadyRedeemed,
    VoucherHasExpired,
    VoucherIsReserved,
)
from loyalty.domain.vouchers import ENDED, Voucher
from loyalty.services.cancel_voucher import cancel_voucher_of_code
from loyalty.services.customers import commit_step, enrolled_member
from loyalty.services.ports import Clock, Due, MemberChange, MemberStore
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import VoucherStore

_PAGE = 100


def leave_program(
    member_id: str, *, store: MemberStore, vouchers: VoucherStore, clock: Clock
) -> None:
    """Let a member leave: vouchers are cancelled, the balance is forfeited after 30 days.

    Vouchers end first, so that a crash in between leaves a member who can ask again. One that a
    till has reserved just now stays. Requests: 2 reads for each 100 vouchers, 1 read and 1
    transaction for each that is open; 2 reads, 1 transaction.

    Raises
    ------
    MemberNotFound, NotEnrolled
        There is no such member (any more).
    MemberBusy
        Others kept changing the member.
    """
    owners = enrolled_member(store, member_id).member_ids
    for voucher in _all_vouchers(owners, vouchers):
        if voucher.state not in ENDED:
            _cancel(voucher, vouchers, clock)

    def decide() -> None:
        member = enrolled_member(store, member_id)
        now = clock.now()
        due = Due("forfeiture", now + FORFEITED_AFTER, member.member_id)
        commit_step(store, member, leave(member, now), due=(due,))

    with_retries(decide)


def forfeit_points(due: Due, *, store: MemberStore, clock: Clock) -> bool:
    """Book out what a member left behind, once; nothing of one who came back.

    Requests: 1 read and 1 transaction.

    Returns
    -------
    bool
        False when there was nothing to book out. The due item is removed then.

    Raises
    ------
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> bool:
        member = store.member(due.member_id)
        if member is None or member.status != "left":
            store.remove_due(due, seen=member)
            return False
        posting = Posting(
            member_id=due.member_id,
            business_key=f"{FORFEITURE}/{iso(due.due_at)}",
            occurred_at=due.due_at,
            recorded_at=clock.now(),
            reason="left the program",
            is_silent=True,
        )
        account, entry = forfeit(member.account, posting)
        if entry is None:
            store.remove_due(due, seen=member)
            return False
        store.commit(
            MemberChange(
                member=replace(member, version=member.version + 1, account=account),
                expected_version=member.version,
                entries=(entry,),
                due_done=(due,),
            )
        )
        return True

    return with_retries(decide)


def _all_vouchers(owners: Sequence[str], vouchers: VoucherStore) -> Iterator[Voucher]:
    cursor: str | None = None
    while True:
        page, cursor = vouchers.vouchers_of(owners, limit=_PAGE, cursor=cursor)
        yield from page
        if cursor is None:
            return


def _cancel(voucher: Voucher, vouchers: VoucherStore, clock: Clock) -> None:
    try:
        cancel_voucher_of_code(
            voucher.code, reason="member left", redemption_id=None, vouchers=vouchers, clock=clock
        )
    except (VoucherAlreadyRedeemed, VoucherHasExpired, VoucherIsReserved):
        return
