"""Events on the bus: ours, made of the immutable items that a change wrote, and those of others.

`detail` is `{"metadata": …, "data": …}`; the class name is the detail type. Our events carry ids,
words and numbers, never personal data. Consumers tolerate duplicates, disorder and fields to come.
"""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from loyalty.contracts.orders import GoodsReturned as GoodsReturnedData
from loyalty.contracts.orders import OrderRequest
from loyalty.contracts.values import Contract, Money, Timestamp
from loyalty.domain.ledger import Entry, EntryKind
from loyalty.domain.member import Channel, EliteStatus, Preference, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn
from loyalty.domain.vouchers import VoucherFact

Fact: TypeAlias = AcceptedOrder | AcceptedReturn | Entry | StatusChange | VoucherFact
DataT_co = TypeVar("DataT_co", bound=BaseModel, covariant=True)

OWN_SOURCE = "loyalty"
# Senders append their own name: retail.shop, retail.pos, retail.erp.
RETAIL_SOURCE = "retail"


class Published(Contract):
    """Base of what we publish; a reader ignores fields that a later version adds."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Metadata(Published):
    """`correlation_id` names the cause: the order, the entry's business key, or the member."""

    event_id: str
    event_version: int
    correlation_id: str
    occurred_at: Timestamp


class Event(Published, Generic[DataT_co]):
    """Base of our events: `detail` of the bus's envelope."""

    source: ClassVar[str] = OWN_SOURCE
    version: ClassVar[int] = 1
    metadata: Metadata
    data: DataT_co


# ── Orders and points ─────────────────────────────────────────────────────────────────────────────


class OrderAcceptedData(Published):
    """`eligible_minor` is in the program's currency, `total` in the order's own.

    `tier` is the one it earned with, null for a customer who was no member. `offer_ids` are those
    that its member used with it, as far as the rules let them. `held` says that its points wait for
    staff.
    """

    source: str
    order_id: str
    member_id: str | None
    store_id: str | None
    total: Money
    eligible_minor: int
    points: int
    tier: str | None = None
    program_version: int
    recorded_at: Timestamp
    offer_ids: tuple[str, ...] = ()
    held: bool = False


class OrderAccepted(Event[OrderAcceptedData]):
    """An order was counted, once for ever."""


class ReturnAcceptedData(Published):
    """What was taken back: `eligible_minor` in the program's currency, and points.

    `tier` is its order's. `offer_ids` are the order's when nothing is left of it: their uses are
    taken back.
    """

    source: str
    order_id: str
    return_id: str
    member_id: str | None
    eligible_minor: int
    points: int
    tier: str | None = None
    recorded_at: Timestamp
    offer_ids: tuple[str, ...] = ()


class ReturnAccepted(Event[ReturnAcceptedData]):
    """A return was counted, once for ever."""


class PointsPostedData(Published):
    """`points` changes pending and available together; `sequence` orders a member's entries.

    `is_silent` says that nobody is to be told of it at once.
    """

    member_id: str
    sequence: int
    kind: EntryKind
    business_key: str
    points: int
    balance_after: int
    recorded_at: Timestamp
    is_silent: bool = False


class PointsPosted(Event[PointsPostedData]):
    """An entry was added to a member's points ledger."""


# ── A member's life ───────────────────────────────────────────────────────────────────────────────


class StatusData(Published):
    """`member_version` orders a member's facts."""

    member_id: str
    member_version: int
    from_status: EliteStatus
    to_status: EliteStatus
    recorded_at: Timestamp


class ArmData(StatusData):
    """With the arm of the journey's experiment."""

    variant: str | None = None
    program_version: int | None = None


class ThresholdCrossedData(ArmData):
    """`source` and `order_id` name the crossing order; the spend is in the program's currency.

    Where a lowered threshold is the cause, they name the customer's latest order.
    """

    source: str
    order_id: str
    lifetime_spend_minor: int
    cause: Literal["order", "lowered_threshold"] = "order"


class InactiveData(ArmData):
    """`month` is the one in which a lapsed member used nothing."""

    inactive_reason: Literal["silent", "lapsed"]
    month: str | None = None


class ConsentData(StatusData):
    channel: Channel
    granted: bool
    source: str


class ChannelData(StatusData):
    channel: Channel
    reason: str


class PreferenceData(StatusData):
    preference: Preference
    wanted: bool


class OutreachData(ArmData):
    """`outreach` counts the customer's outreach messages from 1."""

    outreach: int


class LeavingData(ArmData):
    """`tier` is the one that the member was in."""

    tier: str


class MergeData(StatusData):
    """`tier` and `variant` are those in which the member stops, or begins again, to be counted.

    `variant_before` is the arm that they were in until then.
    """

    merge_id: str
    survivor_id: str
    other_member_id: str
    tier: str | None
    variant: str | None = None
    variant_before: str | None = None


class MemberEnrolled(Event[ArmData]):
    """A customer became a member and collects points from now on."""


class ThresholdCrossed(Event[ThresholdCrossedData]):
    """A customer's lifetime spend reached the Elite threshold; happens once."""


class CustomerHeldOut(Event[ArmData]):
    """The customer is kept for comparison and gets nothing."""


class InviteSuppressed(Event[ArmData]):
    """The invite may not go out for want of consent or of an address."""


class InviteAllowed(Event[ArmData]):
    """A suppressed invite may go out now."""


class CustomerInvited(Event[ArmData]):
    """The invite was claimed and goes out."""


class CustomerReminded(Event[ArmData]):
    """The reminder was claimed and goes out."""


class InviteAccepted(Event[ArmData]):
    """The customer said yes."""


class InviteDeclined(Event[ArmData]):
    """The customer said no."""


class CustomerInactive(Event[InactiveData]):
    """The customer never answered, or stopped using benefits."""


class ConsentChanged(Event[ConsentData]):
    """A customer agreed to a channel or opted out of it."""


class PreferenceChanged(Event[PreferenceData]):
    """A customer switched a service message on or off."""


class ChannelSuppressed(Event[ChannelData]):
    """Nothing may be sent over a channel any more: it bounced, or the customer complained."""


class OutreachSent(Event[OutreachData]):
    """A silent customer was written to again."""


class MemberLeft(Event[LeavingData]):
    """A member left the program; points are forfeited after thirty days."""


class MemberMerged(Event[MergeData]):
    """A customer is the survivor now; only their history is left."""


class MemberAbsorbed(Event[MergeData]):
    """A customer took over all that another profile of the same person had."""


class MergeUndone(Event[MergeData]):
    """Two customers again; each of the two has this fact."""


# ── From the retailer's systems ───────────────────────────────────────────────────────────────────


class RetailMetadata(Published):
    """All optional: the order's own key and time decide, not the envelope's."""

    event_id: str | None = None
    event_version: int = 1
    correlation_id: str | None = None
    occurred_at: Timestamp | None = None


class RetailEvent(Published, Generic[DataT_co]):
    """Base of events that the shop, the tills and the ERP send."""

    source: ClassVar[str] = RETAIL_SOURCE
    version: ClassVar[int] = 1
    metadata: RetailMetadata = RetailMetadata()
    data: DataT_co


class OrderFulfilled(RetailEvent[OrderRequest]):
    """An order was handed over or delivered; counts like `POST /v1/orders`."""


class GoodsReturned(RetailEvent[GoodsReturnedData]):
    """Goods of an order came back; counts like `POST /v1/orders/…/returns`."""


OUTBOUND: tuple[type[Event[BaseModel]], ...] = (
    OrderAccepted,
    ReturnAccepted,
    PointsPosted,
    MemberEnrolled,
    ThresholdCrossed,
    CustomerHeldOut,
    InviteSuppressed,
    InviteAllowed,
    CustomerInvited,
    CustomerReminded,
    InviteAccepted,
    InviteDeclined,
    CustomerInactive,
    ConsentChanged,
    PreferenceChanged,
    ChannelSuppressed,
    OutreachSent,
    MemberLeft,
    MemberMerged,
    MemberAbsorbed,
    MergeUndone,
)
INBOUND: tuple[type[RetailEvent[BaseModel]], ...] = (OrderFulfilled, GoodsReturned)
