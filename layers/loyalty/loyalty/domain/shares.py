"""Whole accounts that move from one member to another, and how much of them is still there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from loyalty.domain.ledger import (
    Account,
    Changes,
    Entry,
    Lot,
    LotChange,
    PendingChange,
    Posting,
    apply_changes,
    lot_changes,
    post,
    spendable_lots,
    take,
)
from loyalty.domain.transfers import TRANSFERRED


class Moved(NamedTuple):
    """Both accounts afterwards, and the entries; no entries when nothing moved.

    `repaid` is what the taker's lots repaid of what is owed, by lot and above 0.
    """

    giver: Account
    given: tuple[Entry, ...]
    taker: Account
    taken: tuple[Entry, ...]
    repaid: tuple[LotChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Repaid:
    """Points of one, by lot and above 0, that repaid at a merge what the other owed."""

    lots: tuple[LotChange, ...] = ()
    by_survivor: bool = False


def whole(account: Account) -> Changes:
    """Return all that an account holds, as what somebody gets who takes it over."""
    return Changes(
        lots=_changes(account.lots),
        pending=tuple(
            PendingChange(part.releases_at, part.lot_expires_at, part.points, part.held_by)
            for part in account.pending
            if part.points
        ),
        owed=account.owed,
        expired=_changes(account.expired),
    )


def move(
    giver: Account,
    taker: Account,
    changes: Changes,
    giving: Posting,
    taking: Posting,
    *,
    besides: tuple[Changes, Changes] = (Changes(), Changes()),
) -> Moved:
    """Move pending points, lots and what is owed; what is owed afterwards is repaid at once.

    Parameters
    ----------
    giver, taker
        The accounts before.
    changes
        What the taker gets; the giver loses it.
    giving, taking
        The cause, for either side.
    besides
        What giver and taker get besides; together nothing.
    """
    lost, got = _negative(changes).plus(besides[0]), changes.plus(besides[1])
    if lost == got == Changes():
        return Moved(giver, (), taker, ())
    repaying = _repaying(giver, lost, giving.recorded_at)
    poorer, given = post(giver, giving, "transfer", TRANSFERRED, lost.plus(repaying))
    repaying = _repaying(taker, got, taking.recorded_at)
    richer, taken = post(taker, taking, "transfer", TRANSFERRED, got.plus(repaying))
    return Moved(poorer, (given,), richer, (taken,), _negative(repaying).lots)


def _repaying(account: Account, changes: Changes, at: datetime) -> Changes:
    """Return how an account's lots repay what is owed after `changes`."""
    after = apply_changes(account, changes)
    can_be_spent = spendable_lots(after, at)
    points = min(after.owed, sum(lot.points for lot in can_be_spent))
    lots, _ = take(can_be_spent, points)
    return Changes(lots=lots, owed=-points)


def unpaid(repaid: Repaid, at: datetime) -> tuple[Changes, Changes]:
    """Return what survivor and other get when what one repaid for the other is owed again.

    Who repaid gets their lots back; one that is past its expiry has expired.
    """
    back = Changes(
        lots=tuple(lot for lot in repaid.lots if lot.expires_at > at),
        expired=tuple(lot for lot in repaid.lots if lot.expires_at <= at),
    )
    debt = Changes(owed=sum(lot.points for lot in repaid.lots))
    return (back, debt) if repaid.by_survivor else (debt, back)


def less_repaid(share: Account, repaid: Repaid) -> Account:
    """Take out of a share what it repaid at the merge, or what was repaid of its debt."""
    if repaid.by_survivor:
        return replace(share, owed=share.owed - sum(lot.points for lot in repaid.lots))
    return apply_changes(share, _negative(Changes(lots=repaid.lots)))


def still_there(share: Account, account: Account) -> Changes:
    """Return what of a share an account still holds, wherever its points are now.

    Held points may be held no more, pending ones released into their lot, and lots may have
    expired. What was spent of a lot since then counts as the account's own.
    """
    pending: list[PendingChange] = []
    wanted = {lot.expires_at: lot.points for lot in share.lots}
    there = {replace(part, points=0): part.points for part in account.pending}
    for part in share.pending:
        left = part.points
        held, free = replace(part, points=0), replace(part, points=0, held_by=None)
        for place in dict.fromkeys((held, free)):
            found = min(left, there.get(place, 0))
            if found:
                left -= found
                there[place] -= found
                pending.append(
                    PendingChange(place.releases_at, place.lot_expires_at, found, place.held_by)
                )
        wanted[part.lot_expires_at] = wanted.get(part.lot_expires_at, 0) + left
    lots, missing = _found(wanted, account.lots)
    for lot in share.expired:
        missing[lot.expires_at] = missing.get(lot.expires_at, 0) + lot.points
    expired, _ = _found(missing, account.expired)
    owed = min(share.owed, account.owed)
    return Changes(lots=lots, pending=tuple(pending), owed=owed, expired=expired)


def without(share: Account, entry: Entry) -> Account:
    """Take out of a share what an entry took out of the account that it is part of."""
    wanted = [
        *(LotChange(part.lot_expires_at, -part.points) for part in entry.pending_changes),
        *(LotChange(lot.expires_at, -lot.points) for lot in entry.lot_changes),
        *(LotChange(lot.expires_at, -lot.points) for lot in entry.expired_changes),
    ]
    for taken in wanted:
        share = _without_points(share, taken)
    return replace(share, owed=share.owed + entry.owed_change)


def with_back(share: Account, entry: Entry) -> Account:
    """Add to a share what an entry gave back to the account that it is part of."""
    repaid = min(share.owed, -entry.owed_change)
    return apply_changes(share, Changes(lots=entry.lot_changes, owed=-repaid))


def _without_points(share: Account, taken: LotChange) -> Account:
    """Take points out of a share's pending part, lot or expired lot of one expiry."""
    left = taken.points
    pending = []
    for part in share.pending:
        found = min(left, part.points) if part.lot_expires_at == taken.expires_at else 0
        pending.append(replace(part, points=part.points - found))
        left -= found
    lots, missing = _found({taken.expires_at: left}, share.lots)
    expired, _ = _found(missing, share.expired)
    changes = _negative(Changes(lots=lots, expired=expired))
    return apply_changes(replace(share, pending=tuple(pending)), changes)


def _found(
    wanted: dict[datetime, int], lots: Iterable[Lot]
) -> tuple[tuple[LotChange, ...], dict[datetime, int]]:
    """Return what of the wanted points the lots have, and what is missing."""
    there = {lot.expires_at: lot.points for lot in lots}
    found = {lot: min(points, there.get(lot, 0)) for lot, points in wanted.items()}
    missing = {lot: points - found[lot] for lot, points in wanted.items()}
    changes = tuple(change for lot in sorted(found) for change in lot_changes(lot, found[lot]))
    return changes, missing


def _changes(lots: Iterable[Lot]) -> tuple[LotChange, ...]:
    return tuple(LotChange(lot.expires_at, lot.points) for lot in lots)


def _negative(changes: Changes) -> Changes:
    return Changes(
        lots=tuple(LotChange(lot.expires_at, -lot.points) for lot in changes.lots),
        pending=tuple(replace(part, points=-part.points) for part in changes.pending),
        owed=-changes.owed,
        expired=tuple(LotChange(lot.expires_at, -lot.points) for lot in changes.expired),
    )
