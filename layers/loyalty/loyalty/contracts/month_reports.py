"""The program's reports of a month over HTTP."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.values import Contract, CurrencyCode, Month, Timestamp

ReportFormat = Literal["json", "csv"]


class SignedMoney(Contract):
    """An amount that may be below zero: more came back than was bought."""

    amount_minor: int
    currency: CurrencyCode


class MonthReport(Contract):
    """Base: `revision` counts the contents that the month's report has had, from 1.

    Late facts make a new one until the month is locked.
    """

    month: Month
    revision: int
    written_at: Timestamp
    locked_at: Timestamp | None


class HealthReport(MonthReport):
    """How the program fared in a month (W13).

    Flows are of facts that occurred in the month; tiers moved by its evaluation count in it.
    Levels are those at its end. `members_by_tier` and what follows from it are after its
    evaluation.

    points_distributed: accrued by orders and actions; points_taken_back: of those, by returns.
    points_redeemed: for rewards; points_given_back: of those, by reversals.
    points_outstanding: pending and available, what the program still owes its members.
    points_owed: what members owe the program.
    points_opening and points_closing: outstanding less owed, as the ledger has it, before and after
    the month: opening + distributed - taken_back - redeemed + given_back - expired + adjusted =
    closing.
    enrolment_rate: of the customers who bought, the share who were members when they did.
    participation_rate: of the members at the month's end, the share who bought.
    top: members with so many distinct uses of offers that they are top customers of the month.
    lapsed: active members who used no benefit in the whole month; won_back: lapsed members who used
    one again. Late uses correct both, and top.
    offers_used: less those taken back in the month.
    benefit_users: members who used an offer, a reward or a voucher, also when that was taken back;
    benefit_rate: their share of the members at the month's end.
    redemption_rate: points redeemed less given back, by points distributed less taken back.
    late_facts: facts of locked months that count in this one, by their own month.
    """

    points_distributed: int
    points_taken_back: int
    points_released: int
    points_redeemed: int
    points_given_back: int
    points_expired: int
    points_adjusted: int
    points_pending: int
    points_available: int
    points_outstanding: int
    points_owed: int
    points_opening: int
    points_closing: int
    members: int
    members_by_tier: dict[str, int]
    members_enrolled: int
    members_moved_up: int
    members_moved_down: int
    active: int
    inactive: int
    top: int
    lapsed: int = 0
    won_back: int = 0
    offers_used: int = 0
    benefit_users: int = 0
    benefit_rate: float | None = None
    redemption_rate: float | None = None
    customers_who_bought: int
    members_who_bought: int
    enrolment_rate: float | None
    participation_rate: float | None
    orders_of_members: int
    orders_of_others: int
    revenue_of_members: SignedMoney
    revenue_of_others: SignedMoney
    vouchers_issued: int
    vouchers_redeemed: int
    vouchers_expired: int
    vouchers_cancelled: int
    voucher_discounts: SignedMoney
    late_facts: dict[str, int]


class RoiReport(MonthReport):
    """What the program brings and costs in a month (W15).

    revenue_by_tier: eligible amounts of the orders that members placed in the month while in the
    tier, less what came back in the month of orders placed while in it; revenue is their sum.
    buyers_by_tier: members who placed at least one of these orders; who changed tiers in between
    counts in both. average_spend_by_tier: the first by the second, null without buyers.
    reward_cost: discounts that vouchers gave, less those rolled back. points_cost: points
    distributed less taken back, at the program's value of a point, null without one; no part of
    the return, as points cost when their rewards are used.
    program_return: revenue less reward cost, by reward cost; null without cost.
    """

    average_spend_by_tier: dict[str, SignedMoney | None]
    buyers_by_tier: dict[str, int]
    revenue_by_tier: dict[str, SignedMoney]
    revenue: SignedMoney
    revenue_of_others: SignedMoney
    reward_cost: SignedMoney
    points_cost: SignedMoney | None
    program_return: float | None


class MonthLocked(Contract):
    """A month that is closed for ever, with the revisions that its reports ended with."""

    month: Month
    locked_by: str
    locked_at: Timestamp
    health_revision: int
    roi_revision: int
