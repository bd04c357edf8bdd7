"""Points that one member gives to another; they keep their expiry."""

from __future__ import annotations

from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.ledger import (
    Account,
    Changes,
    Entry,
    Posting,
    credit,
    post,
    spendable_lots,
    take,
)

# Every transfer leaves it as it was: what one side puts in, the other takes out.
TRANSFERRED = "transferred"


def give(account: Account, posting: Posting, points: int) -> tuple[Account, Entry]:
    """Take points out of an account, from the lots that expire first, for another member.

    Parameters
    ----------
    account
        The giver's account before.
    posting
        The cause (`transfer/<giver>/<transfer_id>`).
    points
        More than 0.

    Raises
    ------
    InsufficientPoints
        More would be given than can be spent.
    """
    if points <= 0:
        raise ValueError("a transfer needs points")
    lots, short = take(spendable_lots(account, posting.recorded_at), points)
    if short:
        raise InsufficientPoints(f"{points - short} points are available")
    return post(account, posting, "transfer", TRANSFERRED, Changes(lots=lots))


def receive(account: Account, posting: Posting, given: Entry) -> tuple[Account, Entry]:
    """Put the points of another member's `given` entry into an account.

    They repay what is owed first; the rest keeps its lots.
    """
    changes = Changes()
    for lot in given.lot_changes:
        changes = changes.plus(credit(account.owed + changes.owed, lot.expires_at, -lot.points))
    return post(account, posting, "transfer", TRANSFERRED, changes)
