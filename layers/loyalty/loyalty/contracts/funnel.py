"""The funnel over HTTP: how far customers came, by the arms of the journey's experiment."""

from __future__ import annotations

from loyalty.contracts.month_reports import SignedMoney
from loyalty.contracts.values import Contract, Month


class FunnelStages(Contract):
    """Customers by what happened to them in the period; who passed two stages is in both.

    Corrections take away, so a month's late ones can be below zero in a locked month's successor.
    `active` are those who are active members at the period's end.
    """

    crossed: int
    held_out: int
    invited: int
    reminded: int
    accepted: int
    declined: int
    silent: int
    top: int
    lapsed: int
    won_back: int
    active: int


class FunnelArm(FunnelStages):
    """One arm, and what its customers bought in the period after they had crossed the threshold.

    customers: those who crossed in any month up to the period's end, drawn into this arm.
    revenue: eligible amounts of their orders less what came back of these, in the period.
    revenue_per_customer: the second by the first, null without customers.
    against_hold_out: that by the same of the held-out, null for these and where there are none:
    what the program makes of customers, compared with leaving them alone.
    """

    customers: int
    revenue: SignedMoney
    revenue_per_customer: SignedMoney | None
    against_hold_out: float | None


class FunnelReport(Contract):
    """The months from `from_month` to `to_month`, both included.

    `by_variant` has the arm `-` for customers who crossed no threshold: members of an open Elite.
    """

    from_month: Month
    to_month: Month
    total: FunnelStages
    by_variant: dict[str, FunnelArm]
