"""The monthly cycle of the program over HTTP, and what its states hand on."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.journeys import Task
from loyalty.contracts.values import Contract, Month, Timestamp

CycleState = Literal["started", "evaluating", "reporting", "done", "failed"]


class CycleRequest(Contract):
    """A month that is over; it may have had any number of cycles."""

    month: Month


class CycleStarted(Contract):
    cycle_id: str
    month: Month


class FailedMember(Contract):
    """Whose evaluation failed and why; it can be evaluated again alone."""

    member_id: str
    reason: str


class CycleProgress(Contract):
    """How far a cycle is; `failed` names at most a thousand of `failed_members`.

    `reason` says why the cycle as a whole failed.
    """

    cycle_id: str
    month: Month
    state: CycleState
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    members: int | None = None
    evaluated: int | None = None
    failed_members: int | None = None
    upgraded: int | None = None
    failed: tuple[FailedMember, ...] = ()
    reason: str | None = None


class EvaluationRequest(Contract):
    """The month to evaluate a member for, which is over; without one, the last 30 days, ad hoc."""

    month: Month | None = None


class EvaluationAnswer(Contract):
    """What an evaluation came to; `reason` says why it failed, the rest is then not known.

    `spend_minor` is of the month, or of the last 30 days where none was asked for.
    """

    member_id: str
    month: Month | None
    state: Literal["evaluated", "failed"]
    tier: str | None = None
    spend_minor: int | None = None
    points_posted: int | None = None
    upgraded_to: str | None = None
    reason: str | None = None


# ── Of the state machine ──────────────────────────────────────────────────────────────────────────


class PlanTask(Task):
    """Without a month, the one before `scheduled_at`; without that too, the one before now."""

    cycle_id: str
    month: Month | None = None
    scheduled_at: Timestamp | None = None


class CyclePlan(Contract):
    """`key` is the object that lists the members' ids under the header `member_id`."""

    cycle_id: str
    month: Month
    key: str
    members: int


class CollectTask(Task):
    """`manifest_key` is what the map's ResultWriter answered."""

    cycle_id: str
    month: Month
    manifest_key: str


class CycleResults(Contract):
    """What the evaluations came to; `failed` names at most a thousand of `failed_members`."""

    evaluated: int
    failed_members: int
    upgraded: int
    failed: tuple[FailedMember, ...]


class MonthTask(Task):
    cycle_id: str
    month: Month


class CloseTask(Task):
    """`reason` is the name of the error for which the cycle failed."""

    cycle_id: str
    month: Month | None = None
    state: Literal["done", "failed"]
    reason: str | None = None
