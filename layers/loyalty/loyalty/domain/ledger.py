"""The points ledger: double entry, immutable entries, integer points, lots that expire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EntryKind = Literal["accrual", "release", "redemption", "reversal", "expiry", "adjustment", "transfer"]

ISSUED = "issued"
ADJUSTED = "adjusted"


@dataclass(frozen=True, slots=True)
class Lot:
    """Available points that expire together; the lot's name is its expiry instant."""

    expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class PendingPoints:
    """Points in their return window: at `releases_at` they move into the lot of `lot_expires_at`."""

    releases_at: datetime
    lot_expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Account:
    """A member's points. `available = Σ lots − owed`; lots and owed are never both above zero.

    `entries` counts the ledger entries so far: the next entry's sequence number is `entries + 1`.
    """

    lots: tuple[Lot, ...] = ()
    pending: tuple[PendingPoints, ...] = ()
    owed: int = 0
    entries: int = 0

    @property
    def points_available(self) -> int:
        """Points that can be spent now, ≥ 0."""
        return sum(lot.points for lot in self.lots)

    @property
    def points_pending(self) -> int:
        """Points still in their return window, ≥ 0."""
        return sum(part.points for part in self.pending)

    @property
    def balance(self) -> int:
        """The ledger balance of `member:<id>:available`; below zero by what is owed."""
        return self.points_available - self.owed


@dataclass(frozen=True, slots=True)
class LedgerLine:
    account: str
    points: int


@dataclass(frozen=True, slots=True)
class LotChange:
    expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class PendingChange:
    releases_at: datetime
    lot_expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable ledger entry; its lines sum to zero.

    `business_key` says what caused it, once for ever (`order/<source>/<order_id>`, `return/…`, `release/…`,
    `adjustment/…`). `lot_changes`, `pending_changes` and `owed_change` are what replaying it does to the account.
    `points` is the change of the member's pending and available points together; `balance_after` is
    `Account.balance` after it.
    """

    member_id: str
    sequence: int
    kind: EntryKind
    business_key: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str
    lines: tuple[LedgerLine, ...]
    points: int
    balance_after: int
    lot_changes: tuple[LotChange, ...] = ()
    pending_changes: tuple[PendingChange, ...] = ()
    owed_change: int = 0
