"""Vouchers: issued, used, ended; `voucher_uses` has how they are used.

What a voucher is at an instant is a rule: it expires and a reservation times out at that very
instant, whether or not any job has written it down. One that is withdrawn is cancelled from the
instant on when it is neither used nor reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from loyalty.domain.reward_errors import (
    VoucherAlreadyCancelled,
    VoucherAlreadyRedeemed,
    VoucherHasExpired,
    VoucherIsReserved,
    VoucherNotYetValid,
)
from loyalty.domain.voucher_terms import Terms

VoucherState = Literal["issued", "reserved", "redeemed", "expired", "cancelled"]
UseState = Literal["reserved", "redeemed", "rolled_back"]

ENDED: frozenset[VoucherState] = frozenset({"redeemed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who may redeem the voucher until `until`, exclusive; nobody else can."""

    redemption_id: str
    order_id: str
    amount_minor: int | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher; `remaining_minor` is what is left of an amount, None for other kinds.

    `version` counts its changes from 1. `cause` is the business key of what issued it. `withdrawn`
    says why it is to be cancelled as soon as nobody has it reserved, unless it was used by then.
    The stored `state` may lag behind the clock: `state_at` is right.
    """

    code: str
    voucher_id: str
    version: int
    state: VoucherState
    terms: Terms
    member_id: str | None
    cause: str
    issued_at: datetime
    remaining_minor: int | None = None
    batch_id: str | None = None
    reservation: Reservation | None = None
    withdrawn: str | None = None

    @property
    def end_at(self) -> datetime:
        """When it ends by itself, unless something happens to it before."""
        if self.withdrawn and self.reservation and self.is_unused:
            return self.reservation.until
        return self.terms.expires_at

    @property
    def is_unused(self) -> bool:
        """Whether nothing of it was ever redeemed, or all of that was rolled back."""
        return self.state != "redeemed" and self.remaining_minor == self.terms.amount_minor


@dataclass(frozen=True, slots=True)
class VoucherUse:
    """One reservation or redemption under the caller's own id.

    `asked_minor` is the amount that was asked for, `amount_minor` the one that was given.
    """

    redemption_id: str
    order_id: str
    state: UseState
    at: datetime
    asked_minor: int | None
    amount_minor: int | None
    store_id: str | None = None
    member_id: str | None = None


@dataclass(frozen=True, slots=True)
class VoucherFact:
    """An immutable fact of a voucher's life; its insertion publishes the event of the same name.

    `data` holds ids, words and numbers, and never the code: who has that can spend the voucher.
    """

    voucher_id: str
    voucher_version: int
    event: str
    occurred_at: datetime
    member_id: str | None
    cause: str
    data: Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class VoucherStep:
    """A voucher after a step, with what the step writes; a repeat writes nothing.

    There is a fact for each version that the voucher went through. `counted` is the change of how
    often the member has used vouchers of the batch.
    """

    voucher: Voucher
    use: VoucherUse | None = None
    facts: tuple[VoucherFact, ...] = ()
    counted: int = 0

    @property
    def version_before(self) -> int:
        """The version that the step starts from, 0 for a new voucher."""
        return self.voucher.version - len(self.facts)


def issue(
    code: str,
    voucher_id: str,
    terms: Terms,
    *,
    member_id: str | None,
    cause: str,
    at: datetime,
    batch_id: str | None = None,
) -> VoucherStep:
    """Return a new voucher."""
    voucher = Voucher(
        code=code,
        voucher_id=voucher_id,
        version=1,
        state="issued",
        terms=terms,
        member_id=member_id,
        cause=cause,
        issued_at=at,
        remaining_minor=terms.amount_minor,
        batch_id=batch_id,
    )
    data = {
        "kind": terms.kind,
        "percent": terms.percent,
        "amount_minor": terms.amount_minor,
        "currency": terms.currency,
        "sku": terms.sku,
        "batch_id": batch_id,
        "expires_at": terms.expires_at.isoformat(),
    }
    return VoucherStep(voucher, facts=(fact(voucher, "VoucherIssued", at, data),))


def state_at(voucher: Voucher, at: datetime) -> VoucherState:
    """Return what a voucher is at an instant."""
    if voucher.state in ENDED:
        return voucher.state
    if held_by(voucher, at):
        return "reserved"
    if voucher.withdrawn and voucher.is_unused:
        return "cancelled"
    return "expired" if at >= voucher.terms.expires_at else "issued"


def require_usable(voucher: Voucher, at: datetime, redemption_id: str | None = None) -> None:
    """Pass when the voucher can be used at an instant, by `redemption_id` or by anybody.

    Raises
    ------
    VoucherAlreadyRedeemed, VoucherAlreadyCancelled, VoucherHasExpired
        It has ended.
    VoucherNotYetValid
        Its period has not begun.
    VoucherIsReserved
        Somebody else has reserved it.
    """
    match state_at(voucher, at):
        case "redeemed":
            raise VoucherAlreadyRedeemed(voucher.voucher_id)
        case "cancelled":
            raise VoucherAlreadyCancelled(voucher.voucher_id)
        case "expired":
            raise VoucherHasExpired(voucher.voucher_id)
        case "reserved" if held_by(voucher, at) != redemption_id:
            raise VoucherIsReserved(voucher.voucher_id)
    if at < voucher.terms.valid_from:
        raise VoucherNotYetValid(voucher.voucher_id)


def end(voucher: Voucher, at: datetime) -> VoucherStep | None:
    """Write down that a voucher has ended by itself; None when it has not, or is written down."""
    if voucher.state in ENDED:
        return None
    state = state_at(voucher, at)
    if state == "cancelled":
        ended_at = voucher.end_at if voucher.reservation else at
        return cancel(voucher, voucher.withdrawn or "", at=ended_at, only_unused=True)
    if state != "expired":
        return None
    expired = replace(voucher, version=voucher.version + 1, state="expired", reservation=None)
    data = {"remaining_minor": voucher.remaining_minor}
    told = fact(expired, "VoucherExpired", voucher.terms.expires_at, data)
    return VoucherStep(expired, facts=(told,))


def cancel(
    voucher: Voucher,
    reason: str,
    *,
    at: datetime,
    only_unused: bool,
    redemption_id: str | None = None,
) -> VoucherStep:
    """End a voucher before its time; a second time changes nothing.

    The redemption that has it reserved may be named, and ends with it.

    Raises
    ------
    VoucherAlreadyRedeemed
        It was used up, or with `only_unused` a part of it was.
    VoucherHasExpired
        It is over anyway.
    VoucherIsReserved
        Somebody is about to redeem it.
    """
    if voucher.state == "cancelled":
        return VoucherStep(voucher)
    match state_at(voucher, at):
        case "redeemed":
            raise VoucherAlreadyRedeemed(voucher.voucher_id)
        case "expired":
            raise VoucherHasExpired(voucher.voucher_id)
        case "reserved" if held_by(voucher, at) != redemption_id:
            raise VoucherIsReserved(voucher.voucher_id)
    if only_unused and not voucher.is_unused:
        raise VoucherAlreadyRedeemed(voucher.voucher_id)
    cancelled = replace(voucher, version=voucher.version + 1, state="cancelled", reservation=None)
    data = {"reason": reason, "remaining_minor": voucher.remaining_minor}
    return VoucherStep(cancelled, facts=(fact(cancelled, "VoucherCancelled", at, data),))


def withdraw(voucher: Voucher, reason: str, *, at: datetime) -> VoucherStep:
    """Cancel a voucher that nobody has used; one that is reserved, as soon as that is over.

    If it is redeemed by then, it stays as it is. A second time changes nothing.

    Raises
    ------
    VoucherAlreadyRedeemed, VoucherHasExpired
        A part of it was used, or it is over anyway.
    """
    if state_at(voucher, at) != "reserved":
        return cancel(voucher, reason, at=at, only_unused=True)
    if not voucher.is_unused:
        raise VoucherAlreadyRedeemed(voucher.voucher_id)
    if voucher.withdrawn:
        return VoucherStep(voucher)
    withdrawn = replace(voucher, version=voucher.version + 1, withdrawn=reason)
    data = {"reason": reason, "remaining_minor": voucher.remaining_minor}
    return VoucherStep(withdrawn, facts=(fact(withdrawn, "VoucherWithdrawn", at, data),))


def held_by(voucher: Voucher, at: datetime) -> str | None:
    """Return the redemption that has the voucher reserved at an instant."""
    reservation = voucher.reservation
    return reservation.redemption_id if reservation and at < reservation.until else None


def fact(
    voucher: Voucher, event: str, at: datetime, data: Mapping[str, str | int | bool | None]
) -> VoucherFact:
    """Return the fact that a step of a voucher leaves behind."""
    return VoucherFact(
        voucher_id=voucher.voucher_id,
        voucher_version=voucher.version,
        event=event,
        occurred_at=at,
        member_id=voucher.member_id,
        cause=voucher.cause,
        data=data,
    )
