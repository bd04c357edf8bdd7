"""Events of vouchers and rewards. A voucher's code is in none of them: who has it can spend it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from loyalty.contracts.events import Event, Published, StatusData
from loyalty.contracts.values import Timestamp
from loyalty.domain.rewards import RewardKind
from loyalty.domain.voucher_terms import VoucherKind


class VoucherData(Published):
    """`voucher_version` orders a voucher's facts; `cause` says what issued it."""

    voucher_id: str
    voucher_version: int
    member_id: str | None
    cause: str


class VoucherIssuedData(VoucherData):
    kind: VoucherKind
    percent: int | None
    amount_minor: int | None
    currency: str
    sku: str | None
    batch_id: str | None
    expires_at: Timestamp | None = None


class VoucherUseData(VoucherData):
    """Amounts are in minor units of the voucher's currency; null where nobody knows them."""

    redemption_id: str
    order_id: str
    amount_minor: int | None
    remaining_minor: int | None


class VoucherRedeemedData(VoucherUseData):
    """`redeemed_by` is the member, as far as the till knew."""

    store_id: str | None
    redeemed_by: str | None


class VoucherRolledBackData(VoucherUseData):
    """Of an undone redemption with when it was made, and by which member."""

    undone: Literal["reserved", "redeemed"]
    redeemed_at: Timestamp | None = None
    redeemed_by: str | None = None


class VoucherEndedData(VoucherData):
    remaining_minor: int | None


class VoucherCancelledData(VoucherEndedData):
    reason: str


class VoucherIssued(Event[VoucherIssuedData]):
    """A voucher can be used from now on, or from the beginning of its period."""


class VoucherReserved(Event[VoucherUseData]):
    """A voucher is kept for one redemption until its time-out."""


class VoucherRedeemed(Event[VoucherRedeemedData]):
    """A voucher, or a part of its amount, was spent."""


class VoucherRolledBack(Event[VoucherRolledBackData]):
    """A reservation or a redemption was undone."""


class VoucherExpired(Event[VoucherEndedData]):
    """A voucher was over; it occurred at the very instant of its expiry."""


class VoucherWithdrawn(Event[VoucherCancelledData]):
    """A reserved voucher is cancelled when that is over, unless it is redeemed."""


class VoucherCancelled(Event[VoucherCancelledData]):
    """A voucher was ended before its time."""


class RedemptionData(StatusData):
    """`points` were spent on `quantity` pieces of the reward."""

    redemption_id: str
    reward_id: str
    kind: RewardKind
    quantity: int
    points: int


class RewardRedeemed(Event[RedemptionData]):
    """A member spent points on a reward."""


class RedemptionReversed(Event[RedemptionData]):
    """Points, stock and vouchers of a redemption were put back."""


VOUCHER_EVENTS: tuple[type[Event[BaseModel]], ...] = (
    VoucherIssued,
    VoucherReserved,
    VoucherRedeemed,
    VoucherRolledBack,
    VoucherExpired,
    VoucherWithdrawn,
    VoucherCancelled,
    RewardRedeemed,
    RedemptionReversed,
)
