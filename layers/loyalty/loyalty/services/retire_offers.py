"""Retiring offers whose period is over: by rule they are at their very instant, this clears up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.offers import Offer
from loyalty.services.offer_ports import OfferStore
from loyalty.services.ports import ChangeRefused

PAGE_SIZE = 100


def retire_expired_offers(now: datetime, *, offers: OfferStore) -> int:
    """Retire the offers that expired by now; again, nothing is left to do.

    One that staff change meanwhile waits for the next run. Requests: 1 query for each 100 offers, 1
    write for each that expired.

    Returns
    -------
    int
        How many were retired.
    """
    retired = 0
    cursor: str | None = None
    while True:
        page, cursor = offers.offers(limit=PAGE_SIZE, cursor=cursor)
        retired += sum(_retire(offer, now, offers) for offer in page)
        if cursor is None:
            return retired


def _retire(offer: Offer, now: datetime, offers: OfferStore) -> bool:
    if offer.retired_at is not None or now < offer.expires_at:
        return False
    try:
        offers.change(replace(offer, revision=offer.revision + 1, retired_at=now))
    except ChangeRefused:
        return False
    return True
