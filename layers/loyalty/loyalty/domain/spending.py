"""Spending points, and giving them back to where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.ledger import (
    Account,
    Changes,
    Entry,
    LotChange,
    Posting,
    credit,
    post,
    spendable,
    spendable_lots,
    take,
)

REDEEMED = "redeemed"


def redeem(account: Account, posting: Posting, points: int) -> tuple[Account, Entry]:
    """Spend points, those that expire first first.

    Parameters
    ----------
    account
        The member's account before.
    posting
        The cause (`redemption/<redemption_id>`); its `recorded_at` decides which lots still count.
    points
        More than 0.

    Raises
    ------
    InsufficientPoints
        The account has fewer that can be spent now.
    """
    if points <= 0:
        raise ValueError("a redemption needs points")
    lots, short = take(spendable_lots(account, posting.recorded_at), points)
    if short:
        raise InsufficientPoints(f"{spendable(account, posting.recorded_at)} points are available")
    return post(account, posting, "redemption", REDEEMED, Changes(lots=lots))


def give_back(
    account: Account, posting: Posting, taken: Sequence[LotChange], *, restored_until: datetime
) -> tuple[Account, Entry]:
    """Undo a redemption: its points go back to their lots, after repaying what is owed meanwhile.

    Parameters
    ----------
    account
        The member's account now.
    posting
        The cause (`redemption/<redemption_id>/reversal`).
    taken
        The redemption's changes of lots, by expiry; all of them take.
    restored_until
        The expiry of the points whose lot has expired by `posting.recorded_at`.
    """
    if not taken:
        raise ValueError("a reversal needs points")
    changes = Changes()
    for change in taken:
        alive = change.expires_at > posting.recorded_at
        lot_expires_at = change.expires_at if alive else restored_until
        still_owed = account.owed + changes.owed
        changes = changes.plus(credit(still_owed, lot_expires_at, -change.points))
    return post(account, posting, "reversal", REDEEMED, changes)
