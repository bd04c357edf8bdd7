"""What a replay sent, in the order in which it was sent.

The input of the independent recomputation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from local.replay.behaviour import Answer, GoodsBack
from local.replay.dataset import Basket


@dataclass(slots=True)
class OfferUsed:
    """An offer that a household used with an order `at` a time, however late that was told."""

    household: int
    offer_id: str
    order_id: str
    at: datetime
    points: int
    taken_back_at: datetime | None = None


@dataclass(slots=True)
class Journal:
    """`answers` holds household, answer, HTTP status and program time."""

    sent: list[Basket | GoodsBack] = field(default_factory=list)
    enrolled_at_start: set[int] = field(default_factory=set)
    answers: list[tuple[int, Answer, int, datetime]] = field(default_factory=list)
    uses: list[OfferUsed] = field(default_factory=list)
