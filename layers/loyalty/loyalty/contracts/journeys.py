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


class OutreachStart(Task):
    """What a run over the silent starts with: the schedule says for when it is."""

    scheduled_at: Timestamp | None = None


class OutreachPlan(Contract):
    """One run over the silent; `until` is its time: whoever is due by then is written to."""

    shards: tuple[int, ...]
    until: Timestamp


class OutreachCounts(Task):
    """How many silent customers were written to, passed over, and had their mail refused."""

    sent: Count = 0
    skipped: Count = 0
    failed: Count = 0


class OutreachTask(Task):
    """One page of a shard; `so_far` are the shard's counts of the pages before."""

    shard: int
    until: Timestamp
    so_far: OutreachCounts = OutreachCounts()


class OutreachPage(OutreachCounts):
    """The shard's counts so far; `more` tells that another page is due."""

    more: bool


class OutreachResults(Task):
    """What the shards of one run came to."""

    until: Timestamp
    results: tuple[OutreachCounts, ...]
