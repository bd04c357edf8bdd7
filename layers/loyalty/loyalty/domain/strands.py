"""The strands of a customer's story: of which one each kept thing is."""

from __future__ import annotations

from typing import Final, Literal

# `order_points` is what orders earned: where orders are told, they tell it themselves.
Strand = Literal["orders", "points", "order_points", "journey", "offers", "messages", "vouchers"]

_OF_OFFERS: Final = frozenset({"OfferUsed", "OfferUseReversed", "OfferUseRefused"})


def strand_of_entry(business_key: str) -> Strand:
    """Return the strand of a ledger entry, by what caused it."""
    return "order_points" if business_key.startswith("order/") else "points"


def strand_of_change(event: str) -> Strand:
    """Return the strand of a fact of a customer's life, by its name."""
    return "offers" if event in _OF_OFFERS else "journey"
