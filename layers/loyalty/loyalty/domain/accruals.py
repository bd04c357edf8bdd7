"""Points that are earned: pending, released after the return window, taken back by returns."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.ledger import (
    ISSUED,
    Account,
    Changes,
    Entry,
    LotChange,
    PendingChange,
    PendingPoints,
    Posting,
    credit,
    lot_changes,
    post,
)


def accrue(account: Account, posting: Posting, earned: PendingPoints) -> tuple[Account, Entry]:
    """Credit earned points: pending until their release, available when that has passed already.

    Held points are pending in any case.

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
    changes = _enter(account, posting, earned)
    return post(account, posting, "accrual", ISSUED, changes)


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
    window = [
        part for part in account.pending if part.releases_at == releases_at and not part.held_by
    ]
    others = tuple(part for part in account.pending if part not in window)
    parts = [part for part in window if part.points]
    if not parts:
        return replace(account, pending=others), None
    changes = Changes()
    for part in parts:
        leaves = PendingChange(part.releases_at, part.lot_expires_at, -part.points)
        still_owed = account.owed + changes.owed
        changes = changes.plus(credit(still_owed, part.lot_expires_at, part.points))
        changes = changes.plus(Changes(pending=(leaves,)))
    released, entry = post(account, posting, "release", ISSUED, changes)
    return replace(released, pending=others), entry


def unhold(account: Account, posting: Posting, held: PendingPoints) -> tuple[Account, Entry]:
    """Let held points be released at their normal time, at once when that has passed.

    Parameters
    ----------
    account
        The member's account before.
    posting
        The cause.
    held
        A pending part of the account.
    """
    leaves = PendingChange(held.releases_at, held.lot_expires_at, -held.points, held.held_by)
    changes = _enter(account, posting, replace(held, held_by=None))
    return post(account, posting, "release", ISSUED, changes.plus(Changes(pending=(leaves,))))


def reverse(account: Account, posting: Posting, earned: PendingPoints) -> tuple[Account, Entry]:
    """Take back points that were earned, wherever they are now.

    They are taken from those that are held for them, from the pending points of
    `earned.releases_at`, else from the lot they went into, then from the lots that expire first;
    what is missing is owed. What has expired of their own lot, or of a later one, is gone already
    and counts as taken: had they never been earned, so much less would have expired. So it makes no
    difference whether a return comes before or after an expiry.

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
    missing = earned.points
    pending: list[PendingChange] = []
    for place in dict.fromkeys((earned, replace(earned, held_by=None))):
        taken = min(missing, _pending_points(account, place))
        missing -= taken
        if taken:
            pending.append(
                PendingChange(place.releases_at, place.lot_expires_at, -taken, place.held_by)
            )
    lots, expired, short = _take_back(account, posting.recorded_at, missing, earned.lot_expires_at)
    changes = Changes(lots=lots, pending=tuple(pending), owed=short, expired=expired)
    return post(account, posting, "reversal", ISSUED, changes)


def _enter(account: Account, posting: Posting, earned: PendingPoints) -> Changes:
    if earned.held_by is None and earned.releases_at <= posting.recorded_at:
        return credit(account.owed, earned.lot_expires_at, earned.points)
    entering = PendingChange(
        earned.releases_at, earned.lot_expires_at, earned.points, earned.held_by
    )
    return Changes(pending=(entering,))


def _pending_points(account: Account, place: PendingPoints) -> int:
    return sum(
        part.points
        for part in account.pending
        if replace(part, points=0) == replace(place, points=0)
    )


def _take_back(
    account: Account, at: datetime, points: int, own: datetime
) -> tuple[tuple[LotChange, ...], tuple[LotChange, ...], int]:
    """Take from the lot that expires at `own`, then from the others by expiry.

    Returns
    -------
    tuple
        Changes of the lots, changes of what expired, and the points missing.
    """
    lots: list[LotChange] = []
    expired: list[LotChange] = []
    places = [(lot, lots) for lot in account.lots if lot.expires_at > at or lot.expires_at >= own]
    places += [(lot, expired) for lot in account.expired if lot.expires_at >= own]
    places.sort(key=lambda place: (place[0].expires_at != own, place[0].expires_at))
    for lot, changes in places:
        taken = min(lot.points, points)
        points -= taken
        changes.extend(lot_changes(lot.expires_at, -taken))
    return tuple(lots), tuple(expired), points
