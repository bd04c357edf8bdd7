"""Events of engagement: who is a top customer, who is back, what was corrected."""

from __future__ import annotations

from pydantic import BaseModel

from loyalty.contracts.events import ArmData, Event
from loyalty.domain.engagement import Benefit, Withdrawn


class MonthData(ArmData):
    """`month` is the program month that was judged."""

    month: str


class TopCustomerData(MonthData):
    """`offer_uses` are the distinct uses of offers with an order in the month."""

    offer_uses: int


class ReactivatedData(ArmData):
    """`by` is what the member used; null when only the review of a month saw it.

    `corrects` is the month in which the member was judged to have lapsed though they had not.
    """

    by: Benefit | None
    corrects: str | None


class CorrectedData(MonthData):
    """`withdrawn` is what was said of the month and does not hold any more.

    `back_in` is the month in which who had not lapsed after all was active again, of which another
    fact withdraws `won_back`; null where they were not yet, and `MemberReactivated` follows.
    """

    withdrawn: Withdrawn
    back_in: str | None = None


class WinBackSent(Event[MonthData]):
    """A member who lapsed in the month was written to."""


class TopCustomerNamed(Event[TopCustomerData]):
    """A member used so many offers in a month that they are a top customer of it."""


class MemberReactivated(Event[ReactivatedData]):
    """A lapsed member used a benefit and is active again."""


class EngagementCorrected(Event[CorrectedData]):
    """A use that came late, or was taken back, changed what was said of a month."""


ENGAGEMENT_EVENTS: tuple[type[Event[BaseModel]], ...] = (
    TopCustomerNamed,
    MemberReactivated,
    EngagementCorrected,
    WinBackSent,
)
