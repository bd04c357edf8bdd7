"""Input and output of the machines `elite_journey` and `inactive_outreach` and of their tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from loyalty.contracts.values import Contract, Timestamp
from loyalty.domain.member import EliteStatus

StartReason = Literal["threshold_crossed", "consent_given", "late_acceptance"]
Outcome = Literal["sent", "not_before", "suppressed", "answered"]
Count = Annotated[int, Field(ge=0)]


class JourneyInput(Contract):
    """What an execution of `elite_journey` starts with."""

    member_id: str
    reason: StartReason
    correlation_id: str


class Task(Contract):
    """Base of task inputs: a machine may pass more of its state than a task reads."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class MemberTask(Task):
    member_id: str


class AwaitTask(MemberTask):
    """`task_token` completes the state that waits for the customer's answer."""

    task_token: str


class AssignedVariant(Contract):
    """The journey's arm and its windows."""

    variant: str
    program_version: int
    held_out: bool
    invite_window_seconds: int
    reminder_window_seconds: int


class SendOutcome(Contract):
    """What came of a message; `not_before` is set only with the outcome of that name."""

    outcome: Outcome
    not_before: Timestamp | None = None

    @classmethod
    def later(cls, moment: datetime) -> Self:
        """Return the outcome that the message has to wait until `moment`."""
        return cls(outcome="not_before", not_before=moment)


class StatusOutcome(Contract):
    status: EliteStatus


class OutreachPlan(Contract):
    """One run over the silent; `until` is its time: whoever is due by then is written to."""

    shards: tuple[int, ...]
    until: Timestamp


class OutreachTask(Task):
    """One page of a shard."""

    shard: int
    until: Timestamp


class OutreachCounts(Task):
    """How many silent customers were written to, and how many were passed over."""

    sent: Count = 0
    skipped: Count = 0


class OutreachPage(OutreachCounts):
    """One page's counts; `more` tells that another page is due."""

    more: bool


class OutreachRun(Task):
    """What the shards of the run `run_id` came to."""

    run_id: str
    until: Timestamp
    shards: tuple[OutreachCounts, ...]
