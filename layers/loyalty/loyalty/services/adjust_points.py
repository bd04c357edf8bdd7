"""Points given or taken by staff: at once, or above a limit when another person agrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from loyalty.contracts.points import AdjustmentAnswer, AdjustmentAwaited
from loyalty.domain.adjusting import adjust
from loyalty.domain.calendar import lot_expiry
from loyalty.domain.errors import AdjustmentConflict, OwnAccount
from loyalty.domain.ledger import Entry, Posting, spendable
from loyalty.domain.tasks import Task
from loyalty.services.customers import enrolled_member
from loyalty.services.dues import newly_due
from loyalty.services.members import entry_id
from loyalty.services.ports import (
    Clock,
    Guard,
    Ids,
    MemberChange,
    MemberStore,
    ProgramStore,
)
from loyalty.services.retrying import with_retries

if TYPE_CHECKING:
    from loyalty.domain.member import Member
    from loyalty.domain.program import ProgramDefinition

GUARD: Final = "adjustment"
APPROVAL: Final = "adjustment_approval"


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
    ids: Ids,
) -> AdjustmentAnswer | AdjustmentAwaited:
    """Give (> 0) or take (< 0) points by hand; each `adjustment_id` counts once per member.

    More than the program lets one person adjust is a task for another one, and is posted with
    their yes.

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

    Returns
    -------
    AdjustmentAnswer or AdjustmentAwaited
        What was posted, or the task that waits; for a repeat, what was answered first.

    Raises
    ------
    OwnAccount
        Nobody adjusts their own account.
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

    def decide() -> AdjustmentAnswer | AdjustmentAwaited:
        made_before = store.guard(member_id, GUARD, adjustment_id)
        if made_before is not None:
            if made_before.request != request:
                raise AdjustmentConflict(f"{adjustment_id} was made differently")
            return _first_answer(made_before)
        now = clock.now()
        definition = program.current(now)
        before = enrolled_member(store, member_id)
        if own_member_id == before.member_id:
            raise OwnAccount("nobody adjusts their own account")
        change = MemberChange(
            member=replace(before, version=before.version + 1), expected_version=before.version
        )
        answer: AdjustmentAnswer | AdjustmentAwaited
        if abs(points) > definition.adjustment_limit_points:
            task = Task(
                task_id=ids.derive("t", f"adjustment/{member_id}/{adjustment_id}"),
                kind=APPROVAL,
                member_ids=(before.member_id,),
                opened_at=now,
                cause=f"adjustment/{adjustment_id}",
                data={"adjustment_id": adjustment_id, "points": points, "reason": reason},
                requested_by=made_by,
            )
            change = replace(change, tasks=(task,))
            answer = AdjustmentAwaited(task_id=task.task_id, points=points)
        else:
            change, entry = _posted(change, adjustment_id, points, reason, definition, now)
            answer = AdjustmentAnswer(
                entry_id=entry_id(entry),
                points=points,
                points_available=spendable(_member(change).account, now),
            )
        guard = Guard(GUARD, adjustment_id, member_id, request, answer.model_dump(), made_by)
        store.commit(replace(change, guards=(guard,)))
        return answer

    return with_retries(decide)


def post_approved(change: MemberChange, task: Task, definition: ProgramDefinition) -> MemberChange:
    """Add the posting of an adjustment, above the limit of one person, that another approved.

    Parameters
    ----------
    change
        The member's change that the decision brings; already one version further.
    task
        As decided; nothing is posted when it was rejected.
    definition
        The program version in force.

    Raises
    ------
    InsufficientPoints
        More would be taken than is available; the task stays open.
    """
    if task.state != "approved":
        return change
    change, _ = _posted(
        change,
        str(task.data["adjustment_id"]),
        int(task.data["points"] or 0),
        str(task.data["reason"]),
        definition,
        task.decisions[-1].decided_at,
    )
    return change


def _posted(
    change: MemberChange,
    adjustment_id: str,
    points: int,
    reason: str,
    definition: ProgramDefinition,
    now: datetime,
) -> tuple[MemberChange, Entry]:
    member = _member(change)
    posting = Posting(member.member_id, f"adjustment/{adjustment_id}", now, now, reason)
    expires_at = lot_expiry(now, definition.expiry_months, definition.time_zone)
    account, entry = adjust(member.account, posting, points, expires_at)
    adjusted = replace(member, account=account)
    return replace(
        change,
        member=adjusted,
        entries=(*change.entries, entry),
        due=(*change.due, *newly_due(member.account, adjusted)),
    ), entry


def _member(change: MemberChange) -> Member:
    if change.member is None:
        raise ValueError("an adjustment is a member's")
    return change.member


def _first_answer(made_before: Guard) -> AdjustmentAnswer | AdjustmentAwaited:
    if "task_id" in made_before.answer:
        return AdjustmentAwaited.model_validate(made_before.answer)
    return AdjustmentAnswer.model_validate(made_before.answer)
