"""Points given and taken by hand."""

from __future__ import annotations

from datetime import datetime

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

ADJUSTED = "adjusted"


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
        changes = credit(account.owed, lot_expires_at, points)
    else:
        can_be_spent = spendable_lots(account, posting.recorded_at)
        lots, short = take(can_be_spent, -points)
        if short:
            raise InsufficientPoints(f"{-points - short} points are available")
        changes = Changes(lots=lots)
    return post(account, posting, "adjustment", ADJUSTED, changes)
