"""Strands of a story."""

from __future__ import annotations

import pytest

from loyalty.domain.strands import Strand, strand_of_change, strand_of_entry


@pytest.mark.parametrize(
    ("business_key", "strand"),
    [
        ("order/pos/O-1", "order_points"),
        ("return/pos/O-1/R-1", "points"),
        ("adjustment/order/1", "points"),
        ("release/2017-05-01", "points"),
    ],
)
def test_what_an_order_earned_is_told_apart_from_other_points(
    business_key: str, strand: Strand
) -> None:
    assert strand_of_entry(business_key) == strand


@pytest.mark.parametrize(
    ("event", "strand"),
    [
        ("OfferUsed", "offers"),
        ("OfferUseReversed", "offers"),
        ("OfferUseRefused", "offers"),
        ("MemberEnrolled", "journey"),
        ("TierChanged", "journey"),
    ],
)
def test_uses_of_offers_are_a_strand_of_their_own(event: str, strand: Strand) -> None:
    assert strand_of_change(event) == strand
