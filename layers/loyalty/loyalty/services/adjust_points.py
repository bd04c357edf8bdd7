"""Points given or taken by staff."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loyalty.contracts.members import AdjustmentAnswer
from loyalty.domain.adjusting import adjust
from loyalty.domain.calendar import lot_expiry
from loyalty.domain.errors import (
    AdjustmentAboveLimit,
    AdjustmentConflict,
    OwnAccount,
)
from loyalty.domain.ledger import Posting, spendable
from loyalty.services.customers import enrolled_member
from loyalty.services.dues import newly_due
from loyalty.services.members import entry_id
from loyalty.services.ports import (
    Clock,
    Guard,
    MemberChange,
    MemberStore,
    ProgramStore,
)
from loyalty.services.retrying import with_retries

GUARD: Final = "adjustment"


def adjust_points(
    member_id: str,
    *,
    adjustment_id: str,
    points: int,
    reason: str,
    made_by: str,
    own_member_id: str | None,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> AdjustmentAnswer:
    """Give (> 0) or take (< 0) points by hand; each `adjustment_id` counts once per member.

    Requests: 2 reads and 1 transaction; 1 read for a repeat.

    Parameters
    ----------
    member_id
        Whose account.
    adjustment_id
        The caller's own id for this adjustment.
    points
        Not 0.
    reason
        For finance and the member; no personal data.
    made_by, own_member_id
        The member of staff, and the member that they are themselves, if any.

    Raises
    ------
    OwnAccount
        Nobody adjusts their own account.
    AdjustmentAboveLimit
        More than the program lets one person adjust.
    AdjustmentConflict
        The same adjustment came before with other points or another reason.
    MemberNotFound, NotEnrolled
        There is no such customer, or they are no member.
    InsufficientPoints
        More would be taken than is available.
    MemberBusy
        Others kept changing the member.
    """
    if own_member_id == member_id:
        raise OwnAccount("nobody adjusts their own account")

    request = {"points": points, "reason": reason}

    def decide() -> AdjustmentAnswer:
        made_before = store.guard(member_id, GUARD, adjustment_id)
        if made_before is not None:
            if made_before.request != request:
                raise AdjustmentConflict(f"{adjustment_id} was made differently")
            return AdjustmentAnswer.model_validate(made_before.answer)
        now = clock.now()
        definition = program.current(now)
        if abs(points) > definition.adjustment_limit_points:
            raise AdjustmentAboveLimit(f"at most {definition.adjustment_limit_points} points")
        member = enrolled_member(store, member_id)
        posting = Posting(member_id, f"adjustment/{adjustment_id}", now, now, reason)
        expires_at = lot_expiry(now, definition.expiry_months, definition.time_zone)
        account, entry = adjust(member.account, posting, points, expires_at)
        answer = AdjustmentAnswer(
            entry_id=entry_id(entry), points=points, points_available=spendable(account, now)
        )
        guard = Guard(GUARD, adjustment_id, member_id, request, answer.model_dump(), made_by)
        adjusted = replace(member, version=member.version + 1, account=account)
        store.commit(
            MemberChange(
                member=adjusted,
                expected_version=member.version,
                entries=(entry,),
                due=newly_due(member.account, adjusted),
                guards=(guard,),
            )
        )
        return answer

    return with_retries(decide)
