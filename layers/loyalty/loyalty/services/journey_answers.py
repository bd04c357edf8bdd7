"""How the journey learns of the customer's answer.

The answer itself is a transaction on the member (`services.invitations`). A task token only wakes
the waiting execution, which then reads the status: no lost wake-up, no race at the time-out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from loyalty.contracts.journeys import JourneyInput, StatusOutcome
from loyalty.domain.journey import AWAITED, fall_silent
from loyalty.domain.member import EliteStatus
from loyalty.services.customers import commit_step, present_member
from loyalty.services.journey_start import start_journey
from loyalty.services.ports import Clock, Due, Executions, JourneyStore, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as its event tells it."""

    member_id: str
    member_version: int
    accepted: bool
    from_status: EliteStatus
    correlation_id: str


def await_answer(
    member_id: str,
    token: str,
    *,
    store: MemberStore,
    journeys: JourneyStore,
    executions: Executions,
    clock: Clock,
) -> None:
    """Keep the token that wakes the execution; wake it now if the answer came before the token.

    Requests: 1 put, 1 read, at most 1 wake. The token is stored first: an answer after that finds
    it, an answer before that is found here.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    """
    journeys.store_token(member_id, token, clock.now())
    if present_member(store, member_id).status not in AWAITED:
        executions.wake(token)


def read_status(member_id: str, *, store: MemberStore) -> StatusOutcome:
    """Return where the customer stands (1 read); raise `MemberNotFound` for one who is gone."""
    return StatusOutcome(status=present_member(store, member_id).status)


def mark_inactive(
    member_id: str, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> StatusOutcome:
    """Move a customer who did not answer to inactive, and plan the first outreach.

    Requests: 1 read, 1 transaction. An answer that was faster stays: exactly one of the two holds.

    Returns
    -------
    StatusOutcome
        `inactive`, or the status that the answer led to.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> StatusOutcome:
        member = present_member(store, member_id)
        now = clock.now()
        step = fall_silent(member, now)
        if step is None:
            return StatusOutcome(status=member.status)
        period = timedelta(days=program.current(now).outreach_period_days)
        commit_step(store, member, step, due=(Due("outreach", now + period, member_id),))
        return StatusOutcome(status=step.member.status)

    return with_retries(decide)


def wake_journey(
    answer: GivenAnswer, *, journeys: JourneyStore, executions: Executions, clock: Clock
) -> None:
    """Tell the customer's execution about the answer; a late yes starts one for the welcome.

    Requests: 1 read and 1 wake, or those of `start_journey`. Without a stored token nothing has to
    be woken: whoever stores it reads the answer itself.
    """
    if answer.from_status in AWAITED:
        token = journeys.token(answer.member_id)
        if token is not None:
            executions.wake(token)
    elif answer.accepted:
        late = JourneyInput(
            member_id=answer.member_id,
            reason="late_acceptance",
            correlation_id=answer.correlation_id,
        )
        start_journey(
            late, answer.member_version, journeys=journeys, executions=executions, clock=clock
        )
