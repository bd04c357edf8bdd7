"""What a change of a member's account makes due later."""

from __future__ import annotations

from loyalty.domain.ledger import Account, opened_lots, opened_windows
from loyalty.domain.member import Member
from loyalty.services.ports import Due


def newly_due(before: Account, after: Member) -> tuple[Due, ...]:
    """Return what to write with a change, so that no window and no lot is ever forgotten.

    Parameters
    ----------
    before
        The member's account before the change.
    after
        The member after it.

    Returns
    -------
    tuple of Due
        The release of each return window and the expiry of each lot that the change opens.
    """
    windows = opened_windows(before, after.account)
    lots = opened_lots(before, after.account)
    return (
        *(Due("release", releases_at, after.member_id) for releases_at in windows),
        *(Due("expiry", expires_at, after.member_id) for expires_at in lots),
    )
