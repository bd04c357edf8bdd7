"""Offers: what members may use, for whom, where, when, how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

OfferKind = Literal["percent", "amount", "product", "points", "access"]
ReasonKind = Literal["bought_before", "bought_together", "popular", "new_to_you", "own_choice"]


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer of the catalogue; `percent`, `amount_minor`, `sku` or `points` as `kind` says.

    `access` is early access: nothing off, but before others. It holds in [`valid_from`,
    `expires_at`). Empty `categories`, `tiers`, `segments` and `stores` mean all. `revision` counts
    what staff changed, from 1; uses do not count. `budget_uses` is how many uses there may be in
    total, `uses` how many of these there were (not counted without a budget: every use would write
    the one item); `per_member_limit` how many a member may have; None without limit.
    """

    offer_id: str
    revision: int
    name: str
    kind: OfferKind
    valid_from: datetime
    expires_at: datetime
    percent: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    points: int | None = None
    categories: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    budget_uses: int | None = None
    uses: int = 0
    per_member_limit: int | None = None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an offer was chosen for a member: `subject` is the category or SKU that it is about.

    `own_choice` is of an offer that was not curated: the member activated or used it all the same.
    `because` is what it follows from: another category or SKU that the member buys. `times` is how
    often the member bought `subject`, or `because`.
    """

    kind: ReasonKind
    subject: str | None = None
    because: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class MemberOffer:
    """An offer in a member's portal, in the order of the tuple that holds it.

    `uses` counts the member's unreversed uses. An offer that was activated or used stays with the
    member when offers are curated anew, until it is over.
    """

    offer_id: str
    reason: Reason
    curated_at: datetime
    activated_at: datetime | None = None
    uses: int = 0
