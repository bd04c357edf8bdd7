"""Events of offers: used, taken back, refused where nobody hears of it."""

from __future__ import annotations

from pydantic import BaseModel

from loyalty.contracts.events import Event, StatusData


class OfferUseData(StatusData):
    """`points` are the offer's bonus, `month` the program month in which it was used.

    `is_distinct` tells whether the use counts towards that month's top customers: the first one
    with its order, or with none; of one that is taken back, the last one.
    """

    offer_id: str
    use_id: str
    order_id: str | None
    month: str
    points: int
    is_distinct: bool


class OfferRefusedData(StatusData):
    """`reason` is the code that the API would have answered."""

    offer_id: str
    use_id: str
    order_id: str | None
    reason: str


class OfferUsed(Event[OfferUseData]):
    """A member used an offer."""


class OfferUseReversed(Event[OfferUseData]):
    """A use of an offer was taken back."""


class OfferUseRefused(Event[OfferRefusedData]):
    """An order named an offer that the member could not use."""


OFFER_EVENTS: tuple[type[Event[BaseModel]], ...] = (OfferUsed, OfferUseReversed, OfferUseRefused)
