"""How a customer's Elite journey begins: one execution per reason, one variant for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from loyalty.contracts.journeys import AssignedVariant, JourneyInput, StartReason
from loyalty.domain.journey import start
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.services.customers import commit_step, present_member
from loyalty.services.ports import Clock, Executions, JourneyStore, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries

MACHINE: Final = "elite_journey"
DAY: Final = timedelta(days=1)


def run_name(member_id: str, reason: StartReason, member_version: int) -> str:
    """Return the execution's name: the customer's id, with what restarted the journey after it."""
    if reason == "threshold_crossed":
        return member_id
    what = "consent" if reason == "consent_given" else "welcome"
    return f"{member_id}-{what}-{member_version}"


def start_journey(
    journey: JourneyInput,
    member_version: int,
    *,
    journeys: JourneyStore,
    executions: Executions,
    clock: Clock,
) -> bool:
    """Start the journey's execution, once for ever.

    Requests: 1 claim, 1 start, 1 mark. A crash in between is made good by calling again.

    Parameters
    ----------
    journey
        The execution's input.
    member_version
        The member's version at which it came to this; tells two restarts apart.
    journeys, executions, clock
        The claims, Step Functions, now.

    Returns
    -------
    bool
        False when an earlier call started it.
    """
    name = run_name(journey.member_id, journey.reason, member_version)
    if not journeys.claim_run(MACHINE, name):
        return False
    executions.start(MACHINE, name, journey.model_dump(mode="json"))
    journeys.mark_run_started(MACHINE, name, clock.now())
    return True


def assign_variant(
    member_id: str, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> AssignedVariant:
    """Fix the customer's variant and program version, and keep a hold-out out.

    Requests: 1 read; 1 transaction where the crossing order did not leave all of it decided.

    Returns
    -------
    AssignedVariant
        The arm with its windows, the same at every call.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> AssignedVariant:
        member = present_member(store, member_id)
        now = clock.now()
        version = member.journey_program_version
        definition = program.current(now) if version is None else program.version(version)
        step = start(member, definition, now)
        if step is None:
            return _assigned(member, definition)
        commit_step(store, member, step)
        return _assigned(step.member, definition)

    return with_retries(decide)


def _assigned(member: Member, definition: ProgramDefinition) -> AssignedVariant:
    variant = definition.variant(member.variant or "")
    return AssignedVariant(
        variant=variant.name,
        program_version=definition.version,
        held_out=member.held_out,
        invite_window_seconds=variant.invite_window_days * DAY // timedelta(seconds=1),
        reminder_window_seconds=variant.reminder_window_days * DAY // timedelta(seconds=1),
    )
