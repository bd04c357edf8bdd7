"""Points that expire: by rule at their lot's very instant, in the books when a job gets there."""

from __future__ import annotations

from datetime import datetime

from loyalty.domain.ledger import ISSUED, Account, Changes, Entry, Posting, lot_changes, post


def expire(
    account: Account, posting: Posting, expires_at: datetime
) -> tuple[Account, Entry | None]:
    """Book out what is left of the lot that expired at `expires_at`.

    Returns
    -------
    tuple of Account and (Entry or None)
        No entry when the lot holds no points (any more).

    Raises
    ------
    ValueError
        The lot has not expired yet.
    """
    if posting.recorded_at < expires_at:
        raise ValueError("the lot has not expired yet")
    left = sum(lot.points for lot in account.lots if lot.expires_at == expires_at)
    if not left:
        return account, None
    changes = Changes(lots=lot_changes(expires_at, -left), expired=lot_changes(expires_at, left))
    return post(account, posting, "expiry", ISSUED, changes)
