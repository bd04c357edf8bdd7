"""Using vouchers: reserved, redeemed at once or in parts, and rolled back exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from loyalty.domain.reward_errors import (
    RedemptionConflict,
    RedemptionNotFound,
    RedemptionRolledBack,
    VoucherAmountExceeded,
    VoucherMemberNeeded,
)
from loyalty.domain.voucher_terms import Basket, discount, require_applicable
from loyalty.domain.vouchers import (
    Reservation,
    UseState,
    Voucher,
    VoucherFact,
    VoucherStep,
    VoucherUse,
    end,
    fact,
    held_by,
    require_usable,
)


@dataclass(frozen=True, slots=True)
class UseRequest:
    """What a till or shop asks for; without a basket only the store is checked."""

    redemption_id: str
    order_id: str
    amount_minor: int | None = None
    store_id: str | None = None
    member_id: str | None = None
    basket: Basket | None = None

    @property
    def named(self) -> str | None:
        """The member whom the request names, by itself or in its basket."""
        return self.member_id or (self.basket.member_id if self.basket else None)

    def by(self, member_id: str | None) -> UseRequest:
        """Return the request as one that names `member_id`."""
        return replace(self, member_id=member_id)


def reserve(
    voucher: Voucher, use: VoucherUse | None, request: UseRequest, *, at: datetime, until: datetime
) -> VoucherStep:
    """Keep the voucher for one redemption.

    Parameters
    ----------
    voucher
        As it is stored.
    use
        What `request.redemption_id` did before, if anything.
    request
        What is asked for.
    at, until
        Now, and when the reservation ends by itself; the voucher's expiry ends it earlier.

    Raises
    ------
    DomainError
        As for `redeem`.
    """
    _require_same(use, request)
    if use is not None and _stands(voucher, use, at):
        if use.state == "reserved" and use.asked_minor != request.amount_minor:
            raise RedemptionConflict(request.redemption_id)
        return VoucherStep(voucher, use)
    amount_minor = _amount(voucher, request, at)
    until = min(until, voucher.terms.expires_at)
    reservation = Reservation(request.redemption_id, request.order_id, amount_minor, until)
    reserved = replace(
        voucher, version=voucher.version + 1, state="reserved", reservation=reservation
    )
    made = _use(request, "reserved", at, amount_minor, voucher.member_id)
    return VoucherStep(reserved, made, (_use_fact(reserved, "VoucherReserved", made),))


def redeem(
    voucher: Voucher, use: VoucherUse | None, request: UseRequest, *, at: datetime
) -> VoucherStep:
    """Spend the voucher, or a part of its amount; parameters as for `reserve`.

    Raises
    ------
    RedemptionConflict, RedemptionRolledBack
        The redemption id came before for something else, or was rolled back.
    VoucherAmountExceeded
        More is asked for than it takes off the basket. Without a basket: more than is left of an
        amount, however little of it was reserved; of other kinds more than was reserved, and
        without a reservation the till is trusted.
    VoucherMemberNeeded
        Uses of the batch are limited by member, and nobody is named.
    DomainError
        The voucher cannot be used now (`require_usable`) or for this (`require_applicable`).
    """
    _require_same(use, request)
    if use is not None and use.state == "redeemed":
        if use.asked_minor != request.amount_minor:
            raise RedemptionConflict(request.redemption_id)
        return VoucherStep(voucher, use)
    if request.amount_minor is None and use is not None and _stands(voucher, use, at):
        request = replace(request, amount_minor=use.asked_minor)
    amount_minor = _amount(voucher, request, at)
    remaining_minor = None
    if voucher.remaining_minor is not None:
        remaining_minor = voucher.remaining_minor - (amount_minor or 0)
    redeemed = replace(
        voucher,
        version=voucher.version + 1,
        state="issued" if remaining_minor else "redeemed",
        remaining_minor=remaining_minor,
        reservation=None,
    )
    made = _use(request, "redeemed", at, amount_minor, voucher.member_id)
    limited = voucher.terms.member_limit is not None
    if limited and made.member_id is None:
        raise VoucherMemberNeeded(voucher.voucher_id)
    told = _use_fact(redeemed, "VoucherRedeemed", made)
    return VoucherStep(redeemed, made, (told,), counted=1 if limited else 0)


def roll_back(
    voucher: Voucher, use: VoucherUse | None, redemption_id: str, *, at: datetime
) -> VoucherStep:
    """Undo a reservation or a redemption exactly; its id is used up then.

    What is free again only after its period has expired with that: no job looks for it any more.
    What was withdrawn meanwhile is cancelled.

    Raises
    ------
    RedemptionNotFound
        The voucher knows no such id.
    """
    if use is None:
        raise RedemptionNotFound(redemption_id)
    if use.state == "rolled_back":
        return VoucherStep(voucher, use)
    undone = replace(voucher, version=voucher.version + 1)
    if use.state == "redeemed":
        undone = _given_back(undone, use)
    elif voucher.reservation and voucher.reservation.redemption_id == redemption_id:
        undone = replace(undone, state="issued", reservation=None)
    rolled_back = replace(use, state="rolled_back", at=at)
    told = _use_fact(undone, "VoucherRolledBack", rolled_back, undone=use)
    limited = use.state == "redeemed" and voucher.terms.member_limit is not None
    ended = end(undone, at) or VoucherStep(undone)
    return VoucherStep(
        ended.voucher, rolled_back, (told, *ended.facts), counted=-1 if limited else 0
    )


def _stands(voucher: Voucher, use: VoucherUse, at: datetime) -> bool:
    """Tell whether a use is redeemed, or its reservation is still in force."""
    return use.state == "redeemed" or held_by(voucher, at) == use.redemption_id


def _require_same(use: VoucherUse | None, request: UseRequest) -> None:
    if use is None:
        return
    if use.state == "rolled_back":
        raise RedemptionRolledBack(request.redemption_id)
    if use.order_id != request.order_id:
        raise RedemptionConflict(request.redemption_id)


def _amount(voucher: Voucher, request: UseRequest, at: datetime) -> int | None:
    """Return the amount of a use that is allowed; None where nobody knows or needs it."""
    require_usable(voucher, at, request.redemption_id)
    left = voucher.remaining_minor
    require_applicable(
        voucher.terms, voucher.member_id, request.basket, request.store_id, request.member_id
    )
    most = discount(voucher.terms, left, request.basket) if request.basket else left
    asked = request.amount_minor
    if asked is None:
        return most
    if most is None and voucher.reservation and held_by(voucher, at):
        most = voucher.reservation.amount_minor
    # Without basket and reservation only the till knows what it was told by `/validate`.
    if most is not None and asked > most:
        raise VoucherAmountExceeded(f"the voucher takes {most} off")
    return asked


def _given_back(voucher: Voucher, use: VoucherUse) -> Voucher:
    remaining_minor = voucher.remaining_minor
    if remaining_minor is not None:
        remaining_minor += use.amount_minor or 0
    state = "issued" if voucher.state == "redeemed" else voucher.state
    return replace(voucher, state=state, remaining_minor=remaining_minor)


def _use(
    request: UseRequest,
    state: UseState,
    at: datetime,
    amount_minor: int | None,
    owner: str | None,
) -> VoucherUse:
    basket = request.basket
    return VoucherUse(
        redemption_id=request.redemption_id,
        order_id=request.order_id,
        state=state,
        at=at,
        asked_minor=request.amount_minor,
        amount_minor=amount_minor,
        store_id=request.store_id or (basket.store_id if basket else None),
        member_id=owner or request.named,
    )


def _use_fact(
    voucher: Voucher, event: str, use: VoucherUse, *, undone: VoucherUse | None = None
) -> VoucherFact:
    data: dict[str, str | int | bool | None] = {
        "redemption_id": use.redemption_id,
        "order_id": use.order_id,
        "amount_minor": use.amount_minor,
        "remaining_minor": voucher.remaining_minor,
    }
    if event == "VoucherRedeemed":
        data |= {"store_id": use.store_id, "redeemed_by": use.member_id}
    if undone is not None:
        data["undone"] = undone.state
    if undone is not None and undone.state == "redeemed":
        data |= {"redeemed_by": undone.member_id, "redeemed_at": undone.at.isoformat()}
    return fact(voucher, event, use.at, data)
