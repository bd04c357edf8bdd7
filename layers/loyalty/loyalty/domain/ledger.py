"""The points ledger: double entry, immutable entries, integer points, lots that expire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from loyalty.domain.errors import InsufficientPoints

EntryKind = Literal[
    "accrual", "release", "redemption", "reversal", "expiry", "adjustment", "transfer"
]

ISSUED = "issued"
ADJUSTED = "adjusted"


@dataclass(frozen=True, slots=True)
class Lot:
    """Available points that expire together; the lot's name is its expiry instant."""

    expires_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class PendingPoints:
    """Points in their return window; at `releases_at` they move into the lot `lot_expires_at`."""

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

    `business_key` says what caused it, once for ever (`order/<source>/<order_id>`, `return/…`,
    `release/…`, `adjustment/…`). `lot_changes`, `pending_changes` and `owed_change` are what
    replaying it does to the account. `points` is the change of the member's pending and available
    points together; `balance_after` is `Account.balance` after it.
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


@dataclass(frozen=True, slots=True)
class Posting:
    """Whose entry it is, what caused it and when: all of an entry that is not arithmetic.

    `reason` is for people and is read by finance: no personal data in it.
    """

    member_id: str
    business_key: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str


def pending_account(member_id: str) -> str:
    """Return the ledger account of a member's points in their return window."""
    return f"member:{member_id}:pending"


def available_account(member_id: str) -> str:
    """Return the ledger account of a member's points that can be spent."""
    return f"member:{member_id}:available"


def accrue(account: Account, posting: Posting, earned: PendingPoints) -> tuple[Account, Entry]:
    """Credit earned points: pending until their release, available when that has passed already.

    Parameters
    ----------
    account
        The member's account before.
    posting
        The cause (`order/<source>/<order_id>`).
    earned
        Points > 0, and where they go.
    """
    if earned.points <= 0:
        raise ValueError("an accrual needs points")
    if earned.releases_at <= posting.recorded_at:
        changes = _credit(account.owed, earned.lot_expires_at, earned.points)
    else:
        changes = _Changes(
            pending=(PendingChange(earned.releases_at, earned.lot_expires_at, earned.points),)
        )
    return _post(account, posting, "accrual", ISSUED, changes)


def release(
    account: Account, posting: Posting, releases_at: datetime
) -> tuple[Account, Entry | None]:
    """Make all points of one return window available, what is owed being repaid first.

    Returns
    -------
    tuple of Account and (Entry or None)
        No entry when the window holds no points (any more); the account then forgets the empty
        window.
    """
    parts = [part for part in account.pending if part.releases_at == releases_at and part.points]
    others = tuple(part for part in account.pending if part.releases_at != releases_at)
    if not parts:
        return replace(account, pending=others), None
    changes = _Changes()
    for part in parts:
        leaves = PendingChange(part.releases_at, part.lot_expires_at, -part.points)
        still_owed = account.owed + changes.owed
        changes = changes.plus(_credit(still_owed, part.lot_expires_at, part.points))
        changes = changes.plus(_Changes(pending=(leaves,)))
    released, entry = _post(account, posting, "release", ISSUED, changes)
    return replace(released, pending=others), entry


def reverse(account: Account, posting: Posting, earned: PendingPoints) -> tuple[Account, Entry]:
    """Take back points that were earned, wherever they are now.

    They are taken from the pending points of `earned.releases_at`, else from the lot they went
    into, then from the lots that expire first; what is missing is owed.

    Parameters
    ----------
    account
        The member's account before.
    posting
        The cause (`return/<source>/<order_id>/<return_id>`).
    earned
        Points > 0 to take back, and where they went when they were earned.
    """
    if earned.points <= 0:
        raise ValueError("a reversal needs points")
    in_window = _pending_points(account, earned.releases_at, earned.lot_expires_at)
    from_pending = min(in_window, earned.points)
    pending = (
        (PendingChange(earned.releases_at, earned.lot_expires_at, -from_pending),)
        if from_pending
        else ()
    )
    own_lot_first = sorted(account.lots, key=lambda lot: lot.expires_at != earned.lot_expires_at)
    lots, short = _take(own_lot_first, earned.points - from_pending)
    changes = _Changes(lots=lots, pending=pending, owed=short)
    return _post(account, posting, "reversal", ISSUED, changes)


def adjust(
    account: Account, posting: Posting, points: int, lot_expires_at: datetime
) -> tuple[Account, Entry]:
    """Give (> 0) or take (< 0) points by hand.

    Given points repay what is owed and then go into the lot of `lot_expires_at`; taken ones come
    from the lots that expire first.

    Raises
    ------
    InsufficientPoints
        More would be taken than is available.
    """
    if points == 0:
        raise ValueError("an adjustment needs points")
    if points > 0:
        changes = _credit(account.owed, lot_expires_at, points)
    else:
        lots, short = _take(account.lots, -points)
        if short:
            raise InsufficientPoints(f"{account.points_available} points are available")
        changes = _Changes(lots=lots)
    return _post(account, posting, "adjustment", ADJUSTED, changes)


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
    changes = _Changes(entry.lot_changes, entry.pending_changes, entry.owed_change)
    return replace(_changed(account, changes), entries=entry.sequence)


def opened_windows(before: Account, after: Account) -> tuple[datetime, ...]:
    """Return the instants of release that `after` knows and `before` did not."""
    known = {part.releases_at for part in before.pending}
    return tuple(sorted({part.releases_at for part in after.pending} - known))


@dataclass(frozen=True, slots=True)
class _Changes:
    """What an entry does to an account."""

    lots: tuple[LotChange, ...] = ()
    pending: tuple[PendingChange, ...] = ()
    owed: int = 0

    def plus(self, other: _Changes) -> _Changes:
        return _Changes(
            self.lots + other.lots, self.pending + other.pending, self.owed + other.owed
        )

    @property
    def available_points(self) -> int:
        return sum(change.points for change in self.lots) - self.owed

    @property
    def pending_points(self) -> int:
        return sum(change.points for change in self.pending)


def _post(
    account: Account, posting: Posting, kind: EntryKind, counter_account: str, changes: _Changes
) -> tuple[Account, Entry]:
    """Write `changes` as an entry against `counter_account`, which takes the other side."""
    moved = changes.pending_points + changes.available_points
    sides = (
        (counter_account, -moved),
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
    )
    return apply(account, entry), entry


def _credit(owed: int, lot_expires_at: datetime, points: int) -> _Changes:
    """Make `points` available; the first of them repay what is owed."""
    repaid = min(owed, points)
    return _Changes(lots=_lot_changes(lot_expires_at, points - repaid), owed=-repaid)


def _take(lots: Sequence[Lot], points: int) -> tuple[tuple[LotChange, ...], int]:
    """Take `points` from `lots` in their order; return the changes and the points missing."""
    changes: list[LotChange] = []
    for lot in lots:
        taken = min(lot.points, points)
        points -= taken
        changes += _lot_changes(lot.expires_at, -taken)
    return tuple(changes), points


def _lot_changes(expires_at: datetime, points: int) -> tuple[LotChange, ...]:
    return (LotChange(expires_at, points),) if points else ()


def _pending_points(account: Account, releases_at: datetime, lot_expires_at: datetime) -> int:
    return sum(
        part.points
        for part in account.pending
        if (part.releases_at, part.lot_expires_at) == (releases_at, lot_expires_at)
    )


def _changed(account: Account, changes: _Changes) -> Account:
    """Apply `changes`; lots stay sorted by expiry and lose their empty ones.

    An empty pending part stays until its release: each part stands for a due item that is still
    there.
    """
    lots = {lot.expires_at: lot.points for lot in account.lots}
    for lot in changes.lots:
        lots[lot.expires_at] = lots.get(lot.expires_at, 0) + lot.points
    pending = {(part.releases_at, part.lot_expires_at): part.points for part in account.pending}
    for part in changes.pending:
        place = (part.releases_at, part.lot_expires_at)
        pending[place] = pending.get(place, 0) + part.points
    return replace(
        account,
        lots=tuple(
            Lot(expires_at, points) for expires_at, points in sorted(lots.items()) if points
        ),
        pending=tuple(PendingPoints(*place, points) for place, points in sorted(pending.items())),
        owed=account.owed + changes.owed,
    )
