"""Offers and their uses over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.contracts.values import POINTS_LIMIT, Contract, Key, Money, Sku, Text, Timestamp
from loyalty.contracts.vouchers import Categories, Keys, Percent
from loyalty.domain.offer_rules import Segment
from loyalty.domain.offers import OfferKind, ReasonKind

Points = Annotated[int, Field(strict=True, ge=1, le=POINTS_LIMIT)]
Uses = Annotated[int, Field(strict=True, ge=1, le=POINTS_LIMIT)]
Tiers = Annotated[tuple[Key, ...], Field(max_length=20)]
Segments = Annotated[tuple[Segment, ...], Field(max_length=10)]


class OfferRequest(Contract):
    """An offer, which holds in [`valid_from`, `expires_at`).

    It has exactly what its `kind` says of `percent`, `amount`, `sku` and `points`; `access` has
    none. `budget` is how many uses there may be in all, `per_member_limit` by one member.
    """

    offer_id: Key
    name: Text
    kind: OfferKind
    percent: Percent | None = None
    amount: Money | None = None
    sku: Sku | None = None
    points: Points | None = None
    categories: Categories = ()
    tiers: Tiers = ()
    segments: Segments = ()
    stores: Keys = ()
    valid_from: Timestamp
    expires_at: Timestamp
    budget: Uses | None = None
    per_member_limit: Uses | None = None


class OfferUpdate(Contract):
    """What changes; fields that are absent stay, null takes a limit away."""

    name: Text | None = None
    percent: Percent | None = None
    amount: Money | None = None
    sku: Sku | None = None
    points: Points | None = None
    categories: Categories | None = None
    tiers: Tiers | None = None
    segments: Segments | None = None
    stores: Keys | None = None
    valid_from: Timestamp | None = None
    expires_at: Timestamp | None = None
    budget: Uses | None = None
    per_member_limit: Uses | None = None

    @model_validator(mode="after")
    def _keeps_what_it_needs(self) -> Self:
        limits = {"budget", "per_member_limit"}
        for name in self.model_fields_set - limits:
            if getattr(self, name) is None:
                raise ValueError(f"an offer keeps its {name}")
        return self


class OfferView(Contract):
    """An offer as staff see it; `uses` are those that the budget counts, 0 without one."""

    offer_id: str
    revision: int
    name: str
    kind: OfferKind
    percent: int | None
    amount: Money | None
    sku: str | None
    points: int | None
    categories: tuple[str, ...]
    tiers: tuple[str, ...]
    segments: tuple[str, ...]
    stores: tuple[str, ...]
    valid_from: Timestamp
    expires_at: Timestamp
    budget: int | None
    uses: int
    per_member_limit: int | None
    retired_at: Timestamp | None


class OfferPage(Contract):
    items: tuple[OfferView, ...]
    next_cursor: str | None


class ReasonView(Contract):
    """Why an offer was chosen: `subject` and `because` are categories or SKUs."""

    kind: ReasonKind
    subject: str | None
    because: str | None
    times: int | None


class MemberOfferView(Contract):
    """An offer as its member sees it.

    `reason` and `curated_at` are null for an offer that nobody chose for the member. `uses_left` is
    null without limit, 0 when the member has used the offer up.
    """

    offer_id: str
    name: str
    kind: OfferKind
    percent: int | None
    amount: Money | None
    sku: str | None
    points: int | None
    categories: tuple[str, ...]
    stores: tuple[str, ...]
    valid_from: Timestamp
    expires_at: Timestamp
    reason: ReasonView | None
    curated_at: Timestamp | None
    activated_at: Timestamp | None
    uses: int
    uses_left: int | None


class MemberOfferPage(Contract):
    items: tuple[MemberOfferView, ...]
    next_cursor: str | None


class OfferUseRequest(Contract):
    """A use of an offer; each `use_id` counts once per offer.

    `order_id` is the number of the order that it was used with: several uses with one order are one
    towards the month's top customers, and so are those without an order. An order that named the
    offer has used it itself: nothing is counted again. `store_id` is needed where the offer names
    its stores. Members themselves name no order, and their uses occur when they arrive.
    """

    use_id: Key
    member_id: Key
    order_id: Key | None = None
    store_id: Key | None = None
    occurred_at: Timestamp


class OfferUseAnswer(Contract):
    """What a use did: `points` are the bonus, pending like those of an order.

    They are 0 where the order has told of the use before.
    """

    use_id: str
    offer_id: str
    member_id: str
    status: str
    uses: int
    uses_left: int | None
    points: int
    points_pending: int
    points_available: int


class OfferUseReversalAnswer(Contract):
    """What was taken back; `state` is `reversed` also for the second time."""

    use_id: str
    offer_id: str
    state: Literal["reversed"]
    points: int
    points_pending: int
    points_available: int
