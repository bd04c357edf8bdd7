"""Reports over HTTP."""

from __future__ import annotations

from loyalty.contracts.values import Contract, Timestamp


class LedgerViolation(Contract):
    """One invariant that does not hold for one member."""

    member_id: str
    rule: str
    detail: str


class LedgerReport(Contract):
    """The last finished check: `balanced` when there are no violations.

    `accounts` are points per account kind.

    Never checked: `checked_at` is null and nothing is claimed.
    """

    checked_at: Timestamp | None
    balanced: bool | None
    members: int
    entries: int
    accounts: dict[str, int]
    violations: tuple[LedgerViolation, ...]


class LedgerCheckStarted(Contract):
    check_id: str


class CheckPlan(Contract):
    """The shards that a check walks over."""

    check_id: str
    shards: tuple[int, ...]


class ShardFindings(Contract):
    """What the check of one shard found; `accounts` are points per account kind."""

    shard: int
    members: int
    entries: int
    accounts: dict[str, int]
    violations: tuple[LedgerViolation, ...]
