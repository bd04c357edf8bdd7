"""Points for what members do beside buying."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from loyalty.contracts.points import ActionAnswer
from loyalty.domain.acceptance import require_past
from loyalty.domain.actions import SIGN_UP, reward, reward_of
from loyalty.domain.errors import ActionConflict, OwnAccount
from loyalty.domain.ledger import spendable
from loyalty.services.customers import enrolled_member
from loyalty.services.dues import newly_due
from loyalty.services.members import entry_id
from loyalty.services.ports import Clock, Guard, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

if TYPE_CHECKING:
    from loyalty.domain.program import ProgramDefinition

GUARD: Final = "action"


def reward_action(
    member_id: str,
    *,
    action: str,
    action_id: str,
    occurred_at: datetime,
    made_by: str,
    own_member_id: str | None,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> ActionAnswer:
    """Give the points of an action; each `action_id` counts once per member.

    Requests: 2 reads and 1 transaction; 1 read for a repeat.

    Parameters
    ----------
    member_id
        Who did it.
    action, action_id
        What was done, and the caller's own id for it.
    occurred_at
        When it was done.
    made_by, own_member_id
        Who says so, and the member that they are themselves, if any.

    Raises
    ------
    OwnAccount
        Nobody rewards their own account.
    ActionConflict
        The same id came before with another action.
    FutureDate
        The action lies in the future.
    SwitchedOff, ActionNotRewarded, ActionLimitReached
        The program gives nothing for it.
    MemberNotFound, NotEnrolled
        There is no such customer, or they were no member when they did it.
    MemberBusy
        Others kept changing the member.
    """
    if own_member_id == member_id:
        raise OwnAccount("nobody rewards their own account")
    require_past(occurred_at, clock.now())

    def decide() -> ActionAnswer:
        made_before = store.guard(member_id, GUARD, action_id)
        if made_before is not None:
            if made_before.request["action"] != action:
                raise ActionConflict(action_id)
            return ActionAnswer.model_validate(made_before.answer)
        now = clock.now()
        before = enrolled_member(store, member_id)
        if own_member_id == before.member_id:
            raise OwnAccount("nobody rewards their own account")
        change = _rewarded(
            MemberChange(
                member=replace(before, version=before.version + 1),
                expected_version=before.version,
            ),
            program.current(now),
            action=action,
            guard_of=member_id,
            action_id=action_id,
            occurred_at=occurred_at,
            made_by=made_by,
            now=now,
        )
        store.commit(change)
        return ActionAnswer.model_validate(change.guards[-1].answer)

    return with_retries(decide)


def with_sign_up_reward(
    change: MemberChange, definition: ProgramDefinition, now: datetime
) -> MemberChange:
    """Add the reward for signing up to an enrolment, if the program has one.

    Parameters
    ----------
    change
        The change that makes a customer a member.
    definition
        The program version in force.
    now
        When it is recorded.
    """
    if not definition.points_enabled or reward_of(definition, SIGN_UP) is None:
        return change
    if change.member is None or change.member.joined_at is None:
        raise ValueError("a sign-up is a member's")
    return _rewarded(
        change,
        definition,
        action=SIGN_UP,
        guard_of=change.member.member_id,
        action_id=SIGN_UP,
        occurred_at=change.member.joined_at,
        made_by=None,
        now=now,
    )


def _rewarded(
    change: MemberChange,
    definition: ProgramDefinition,
    *,
    action: str,
    guard_of: str,
    action_id: str,
    occurred_at: datetime,
    made_by: str | None,
    now: datetime,
) -> MemberChange:
    before = change.member
    if before is None:
        raise ValueError("an action is a member's")
    member, entry = reward(
        before,
        definition,
        action=action,
        action_id=action_id,
        occurred_at=occurred_at,
        now=now,
    )
    answer = ActionAnswer(
        entry_id=entry_id(entry),
        points=entry.points,
        points_available=spendable(member.account, now),
    )
    guard = Guard(GUARD, action_id, guard_of, {"action": action}, answer.model_dump(), made_by)
    return replace(
        change,
        member=member,
        entries=(*change.entries, entry),
        due=(*change.due, *newly_due(before.account, member)),
        guards=(*change.guards, guard),
    )
