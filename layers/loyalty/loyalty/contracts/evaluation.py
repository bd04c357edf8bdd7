"""Input and output of the machine `member_evaluation` and of its steps.

Ids, words and numbers only. Steps hand on what they found, so that only the first two read the
member, and a step that writes does so at the version that they saw.
"""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.journeys import Task
from loyalty.contracts.values import Contract, Month
from loyalty.domain.ledger import Account
from loyalty.domain.member import EliteStatus
from loyalty.domain.tiers import TierDecision, TierStanding
from loyalty.domain.totals import MonthTotals

Period = Literal["month", "last_30_days"]


class EvaluationInput(Task):
    """What an execution starts with; without a month, the last 30 days are looked at."""

    member_id: str
    month: Month | None = None


class MemberSnapshot(Contract):
    """A member at `version`, without anything personal.

    `hears_of_points` is whether text messages on points reach them.
    """

    member_id: str
    version: int
    status: EliteStatus
    standing: TierStanding
    account: Account
    hears_of_points: bool = False


class RetrievedProfile(Contract):
    """W1. `is_member` is false for who is no member, or gone: nothing is evaluated then."""

    is_member: bool
    month: Month
    period: Period
    tier: str | None = None
    points_available: int = 0
    points_pending: int = 0
    member: MemberSnapshot | None = None


class TransactionsTask(Task):
    member_id: str
    month: Month
    period: Period


class RecentTransactions(Contract):
    """W2. What was bought and came back in the period, and all months that the member has."""

    orders: int
    spend_minor: int
    returned_minor: int
    months: tuple[MonthTotals, ...]


class SpendTask(Task):
    transactions: RecentTransactions


class TotalSpend(Contract):
    """W3. What was bought in the period, less what came back; can be below zero."""

    spend_minor: int


class PointsTask(Task):
    month: Month
    transactions: RecentTransactions


class MonthPoints(Contract):
    """Points that a month's ledger lacks; below zero when it has too many."""

    month: Month
    points: int


class CalculatedPoints(Contract):
    """W4. What the evaluated month should have earned, and what the ledger lacks so far."""

    points_due: int
    points_missing: tuple[MonthPoints, ...]


class EligibilityTask(Task):
    month: Month
    member: MemberSnapshot
    transactions: RecentTransactions


class TierUpgrade(Contract):
    upgrade_id: str
    to_tier: str


class TierEligibility(Contract):
    """W5. `changes` says whether the decision writes anything.

    `upgrades` are those that this month brought already, the first one first: a repeated evaluation
    makes good what a broken one did not get to.
    """

    decision: TierDecision
    changes: bool
    upgrades: tuple[TierUpgrade, ...] = ()


class BalanceTask(Task):
    month: Month
    member: MemberSnapshot
    transactions: RecentTransactions


class UpdatedBalance(Contract):
    """W6. The member afterwards, and how many points were posted."""

    member: MemberSnapshot
    points_posted: int


class TierTask(Task):
    month: Month
    member: MemberSnapshot
    decision: TierDecision


class UpdatedTier(Contract):
    """W7. `upgrades` as for W5, with the one that was made now; not one that waits for a yes."""

    tier: str | None
    upgrades: tuple[TierUpgrade, ...] = ()


class UpgradeTask(Task):
    """W8 and W11, also in `tier_upgrade`."""

    member_id: str
    upgrade_id: str
    to_tier: str


class TierVoucher(Contract):
    """W8. The code stays out of executions: who has it can spend it."""

    is_issued: bool


class PointsAlertTask(Task):
    """W12. Points that one evaluation posted."""

    member_id: str
    month: Month
    points: int
