"""The points ledger: double entry, immutable entries, integer points, lots that expire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

EntryKind = Literal[
    "accrual", "release", "redemption", "reversal", "expiry", "adjustment", "transfer"
]

ISSUED = "issued"
EXPIRED = "expired"

# The first word of the business key of an entry that takes points before their time.
FORFEITURE = "forfeiture"

# A return asks what has expired of its order's lot: nothing comes back later than that.
EXPIRED_LOTS_KEPT = 24


@dataclass(frozen=True, slots=True)
class Lot:
    """Available points that expire together; the lot's name is its expiry instant."""

    expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class PendingPoints:
    """Points in their return window; at `releases_at` they move into the lot `lot_expires_at`.

    Those that are `held_by` something (a business key) stay until staff has decided.
    """

    releases_at: datetime
    lot_expires_at: datetime
    points: int
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A member's points. `available = Σ lots − owed`; lots and owed are never both above zero.

    A lot past its expiry stays in `lots` until its expiry is posted, but `spendable` leaves it out;
    then the latest `EXPIRED_LOTS_KEPT` of what expired are kept in `expired`. `entries` counts the
    ledger entries so far: the next entry's sequence number is `entries + 1`.
    """

    lots: tuple[Lot, ...] = ()
    pending: tuple[PendingPoints, ...] = ()
    owed: int = 0
    entries: int = 0
    expired: tuple[Lot, ...] = ()

    @property
    def points_available(self) -> int:
        """Points in lots, ≥ 0, as the books have them; `spendable` is what can be spent."""
        return sum(lot.points for lot in self.lots)

    @property
    def points_pending(self) -> int:
        """Points still in their return window, ≥ 0."""
        return sum(part.points for part in self.pending)

    @property
    def is_empty(self) -> bool:
        """Whether there are no points, spendable or not, and no debt."""
        return not (self.points_available or self.points_pending or self.owed)

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
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable ledger entry; its lines sum to zero.

    `business_key` says what caused it, once for ever (`order/<source>/<order_id>`, `return/…`,
    `release/…`, `adjustment/…`). `lot_changes`, `pending_changes`, `owed_change` and
    `expired_changes` are what replaying it does to the account. `points` is the change of the
    member's pending and available points together; `balance_after` is `Account.balance` after it.
    `is_silent` says that nobody is to be told of it at once.
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
    expired_changes: tuple[LotChange, ...] = ()
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """Whose entry it is, what caused it and when: all of an entry that is not arithmetic.

    `reason` is for people and is read by finance: no personal data in it. `is_silent`: nobody is to
    be told, for want of a phone, or because it is no news.
    """

    member_id: str
    business_key: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str
    is_silent: bool = False


def pending_account(member_id: str) -> str:
    """Return the ledger account of a member's points in their return window."""
    return f"member:{member_id}:pending"


def available_account(member_id: str) -> str:
    """Return the ledger account of a member's points that can be spent."""
    return f"member:{member_id}:available"


def spendable_lots(account: Account, at: datetime) -> tuple[Lot, ...]:
    """Return the lots that can be spent at an instant, those that expire first first.

    A lot is gone at its expiry, also while the books still have it.
    """
    return tuple(lot for lot in account.lots if lot.expires_at > at)


def spendable(account: Account, at: datetime) -> int:
    """Return the points ≥ 0 that can be spent at an instant."""
    return sum(lot.points for lot in spendable_lots(account, at))


def replay(entries: Iterable[Entry]) -> Account:
    """Rebuild an account, without its empty windows, from all of its entries, oldest first."""
    account = Account()
    for entry in entries:
        account = apply(account, entry)
    return without_empty_windows(account)


def without_empty_windows(account: Account) -> Account:
    """Return `account` without the return windows whose points were all taken back."""
    return replace(account, pending=tuple(part for part in account.pending if part.points))


def apply(account: Account, entry: Entry) -> Account:
    """Return the account after `entry`."""
    changes = Changes(
        entry.lot_changes, entry.pending_changes, entry.owed_change, entry.expired_changes
    )
    return replace(apply_changes(account, changes), entries=entry.sequence)


def opened_windows(before: Account, after: Account) -> tuple[datetime, ...]:
    """Return the instants of release that `after` knows and `before` did not."""
    return tuple(sorted(_windows(after) - _windows(before)))


def _windows(account: Account) -> set[datetime]:
    return {part.releases_at for part in account.pending if part.held_by is None}


def opened_lots(before: Account, after: Account) -> tuple[datetime, ...]:
    """Return the expiries of the lots that `after` has and `before` had not."""
    known = {lot.expires_at for lot in before.lots}
    return tuple(lot.expires_at for lot in after.lots if lot.expires_at not in known)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an entry does to an account."""

    lots: tuple[LotChange, ...] = ()
    pending: tuple[PendingChange, ...] = ()
    owed: int = 0
    expired: tuple[LotChange, ...] = ()

    def plus(self, other: Changes) -> Changes:
        return Changes(
            self.lots + other.lots,
            self.pending + other.pending,
            self.owed + other.owed,
            self.expired + other.expired,
        )

    @property
    def available_points(self) -> int:
        return sum(change.points for change in self.lots) - self.owed

    @property
    def pending_points(self) -> int:
        return sum(change.points for change in self.pending)

    @property
    def expired_points(self) -> int:
        return sum(change.points for change in self.expired)


def post(
    account: Account, posting: Posting, kind: EntryKind, counter_account: str, changes: Changes
) -> tuple[Account, Entry]:
    """Write `changes` as an entry; `counter_account` takes what the other lines leave open."""
    moved = changes.pending_points + changes.available_points
    sides = (
        (counter_account, -moved - changes.expired_points),
        (EXPIRED, changes.expired_points),
        (pending_account(posting.member_id), changes.pending_points),
        (available_account(posting.member_id), changes.available_points),
    )
    entry = Entry(
        member_id=posting.member_id,
        sequence=account.entries + 1,
        kind=kind,
        business_key=posting.business_key,
        occurred_at=posting.occurred_at,
        recorded_at=posting.recorded_at,
        reason=posting.reason,
        lines=tuple(LedgerLine(name, points) for name, points in sides if points),
        points=moved,
        balance_after=account.balance + changes.available_points,
        lot_changes=changes.lots,
        pending_changes=changes.pending,
        owed_change=changes.owed,
        expired_changes=changes.expired,
        is_silent=posting.is_silent,
    )
    return apply(account, entry), entry


def credit(owed: int, lot_expires_at: datetime, points: int) -> Changes:
    """Make `points` available; the first of them repay what is owed."""
    repaid = min(owed, points)
    return Changes(lots=lot_changes(lot_expires_at, points - repaid), owed=-repaid)


def take(lots: Iterable[Lot], points: int) -> tuple[tuple[LotChange, ...], int]:
    """Take `points` from `lots` in their order; return the changes and the points missing."""
    changes: list[LotChange] = []
    for lot in lots:
        taken = min(lot.points, points)
        points -= taken
        changes += lot_changes(lot.expires_at, -taken)
    return tuple(changes), points


def lot_changes(expires_at: datetime, points: int) -> tuple[LotChange, ...]:
    """Return the change of one lot; none when no points move."""
    return (LotChange(expires_at, points),) if points else ()


def apply_changes(account: Account, changes: Changes) -> Account:
    """Apply `changes`; lots stay sorted by expiry and lose their empty ones.

    An empty pending part stays until its release: each part stands for a due item that is still
    there. Held parts have none.
    """
    pending = {_place(part): part.points for part in account.pending}
    for part in changes.pending:
        pending[_place(part)] = pending.get(_place(part), 0) + part.points
    return replace(
        account,
        lots=_lots(account.lots, changes.lots),
        pending=tuple(
            PendingPoints(releases_at, lot_expires_at, points, held_by or None)
            for (releases_at, lot_expires_at, held_by), points in sorted(pending.items())
            if points or not held_by
        ),
        owed=account.owed + changes.owed,
        expired=_lots(account.expired, changes.expired)[-EXPIRED_LOTS_KEPT:],
    )


def _place(part: PendingPoints | PendingChange) -> tuple[datetime, datetime, str]:
    return part.releases_at, part.lot_expires_at, part.held_by or ""


def _lots(lots: Iterable[Lot], changes: Iterable[LotChange]) -> tuple[Lot, ...]:
    points = {lot.expires_at: lot.points for lot in lots}
    for change in changes:
        points[change.expires_at] = points.get(change.expires_at, 0) + change.points
    return tuple(Lot(expires_at, left) for expires_at, left in sorted(points.items()) if left)
