"""Reading vouchers, showing them, and taking one step of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from loyalty.contracts.values import Money
from loyalty.contracts.vouchers import (
    ReservationView,
    VoucherPage,
    VoucherUseAnswer,
    VoucherView,
)
from loyalty.domain.errors import MemberNotFound, SwitchedOff
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.reward_errors import RedemptionNotFound, VoucherNotFound
from loyalty.domain.voucher_codes import read, shown
from loyalty.domain.vouchers import Voucher, VoucherStep, VoucherUse, state_at
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import VoucherStore


def get_voucher(typed_code: str, *, vouchers: VoucherStore, clock: Clock) -> VoucherView:
    """Return a voucher as it is now. Requests: 1 read, none for what cannot be a code.

    Raises
    ------
    VoucherNotFound
        There is no such voucher.
    """
    return view(present_voucher(typed_code, vouchers), clock.now())


def vouchers_of(
    member_id: str,
    *,
    limit: int,
    cursor: str | None,
    vouchers: VoucherStore,
    store: MemberStore,
    clock: Clock,
) -> VoucherPage:
    """Return a page of a member's vouchers, newest first; after a merge the vouchers of both.

    Requests: 1 read, 1 query and 1 batch read; 1 read more for who was merged, 1 query more for
    each who was merged into them (20 at most).

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    """
    member = current_member(store, member_id)
    found, next_cursor = vouchers.vouchers_of(member.member_ids, limit=limit, cursor=cursor)
    now = clock.now()
    return VoucherPage(items=tuple(view(one, now) for one in found), next_cursor=next_cursor)


def present_voucher(typed_code: str, vouchers: VoucherStore) -> Voucher:
    """Return the voucher of a code; raise `VoucherNotFound` when there is none."""
    voucher = vouchers.voucher(well_formed(typed_code))
    if voucher is None:
        raise VoucherNotFound
    return voucher


def well_formed(typed_code: str) -> str:
    """Return the code that was typed; raise `VoucherNotFound` for what cannot be a code."""
    code = read(typed_code)
    if code is None:
        raise VoucherNotFound
    return code


def shown_by(voucher: Voucher, member_id: str | None, store: MemberStore) -> str | None:
    """Return the voucher's owner when `member_id` is the same person after a merge, else that id.

    Requests: none when they are the same or nobody is named; else 2 reads, 1 more per merge (20 at
    most).
    """
    owner = voucher.member_id
    if owner is None or member_id in (None, owner):
        return member_id
    try:
        survivors = {current_member(store, one).member_id for one in (owner, member_id)}
    except MemberNotFound:
        return member_id
    return owner if len(survivors) == 1 else member_id


def require_switched_on(definition: ProgramDefinition) -> None:
    """Pass when the program has vouchers; else raise `SwitchedOff`."""
    if not definition.vouchers_enabled:
        raise SwitchedOff("vouchers are switched off")


def take_step(
    typed_code: str,
    redemption_id: str,
    decide: Callable[[Voucher, VoucherUse | None, datetime], VoucherStep],
    *,
    vouchers: VoucherStore,
    clock: Clock,
    program: ProgramStore | None = None,
) -> tuple[VoucherUseAnswer, bool]:
    """Take a step of a voucher for a redemption id: 1 read and 1 transaction, a repeat 1 read.

    Parameters
    ----------
    typed_code, redemption_id
        The voucher, and under which id it is used.
    decide
        The rule: the voucher, what the id did before, and now give the step.
    program
        Where vouchers must be switched on for the step; None: it is always allowed.

    Returns
    -------
    tuple of VoucherUseAnswer and bool
        The answer, and whether something was written (else it was so before).
    """
    code = well_formed(typed_code)

    def attempt() -> tuple[VoucherUseAnswer, bool]:
        found = vouchers.context(code, redemption_id)
        now = clock.now()
        if found.voucher is None:
            raise VoucherNotFound
        if program is not None and found.use is None:
            require_switched_on(program.current(now))
        step = decide(found.voucher, found.use, now)
        if step.facts:
            vouchers.commit(step)
        return _use_answer(step, now), bool(step.facts)

    return with_retries(attempt)


def view(voucher: Voucher, at: datetime) -> VoucherView:
    """Return what the API shows of a voucher at an instant."""
    terms, reservation = voucher.terms, voucher.reservation
    state = state_at(voucher, at)
    return VoucherView(
        code=shown(voucher.code),
        voucher_id=voucher.voucher_id,
        state=state,
        kind=terms.kind,
        percent=terms.percent,
        amount=_money(terms.amount_minor, terms.currency),
        remaining=_money(voucher.remaining_minor, terms.currency),
        sku=terms.sku,
        member_id=voucher.member_id,
        batch_id=voucher.batch_id,
        valid_from=terms.valid_from,
        expires_at=terms.expires_at,
        minimum_order=_money(terms.minimum_order_minor or None, terms.currency),
        stores=terms.stores,
        categories=terms.categories,
        per_member_limit=terms.member_limit,
        cause=voucher.cause,
        issued_at=voucher.issued_at,
        reservation=ReservationView(
            redemption_id=reservation.redemption_id,
            order_id=reservation.order_id,
            amount=_money(reservation.amount_minor, terms.currency),
            until=reservation.until,
        )
        if reservation and state == "reserved"
        else None,
    )


def _use_answer(step: VoucherStep, at: datetime) -> VoucherUseAnswer:
    voucher, use = step.voucher, step.use
    if use is None:
        raise RedemptionNotFound
    currency, reservation = voucher.terms.currency, voucher.reservation
    own = reservation and reservation.redemption_id == use.redemption_id
    return VoucherUseAnswer(
        redemption_id=use.redemption_id,
        order_id=use.order_id,
        voucher_id=voucher.voucher_id,
        state=state_at(voucher, at),
        redemption_state=use.state,
        amount=_money(use.amount_minor, currency),
        remaining=_money(voucher.remaining_minor, currency),
        reserved_until=reservation.until if reservation and own else None,
    )


def _money(amount_minor: int | None, currency: str) -> Money | None:
    if amount_minor is None:
        return None
    return Money(amount_minor=amount_minor, currency=currency)
