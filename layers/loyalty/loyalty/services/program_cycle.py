"""The program's monthly cycle: who is evaluated, what came of it, how far it is.

Everything may be run again, for the same month too: an evaluation that was done changes nothing,
and a report with the same figures is the same revision.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from loyalty.contracts.cycles import (
    CyclePlan,
    CycleProgress,
    CycleResults,
    CycleStarted,
    EvaluationAnswer,
    FailedMember,
)
from loyalty.contracts.values import iso
from loyalty.domain.calendar import month_after, month_of, program_day
from loyalty.domain.report_errors import CycleNotFound
from loyalty.services.ports import (
    ENROLLED_SHARDS,
    Clock,
    Executions,
    MemberStore,
    ObjectStore,
    ProgramStore,
    ReportStore,
)
from loyalty.services.report_ports import Evaluations
from loyalty.services.reports import require_over

MACHINE: Final = "program_cycle"
HEADER: Final = "member_id"
# So many members with their reasons fit into one item; all of them are in the map's own results.
FAILURES_KEPT: Final = 1000
REASON_LENGTH: Final = 200


def start_cycle(
    month: str,
    *,
    executions: Executions,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> CycleStarted:
    """Start a cycle for a month; each call starts one of its own. Requests: 1 write, 1 start.

    Raises
    ------
    MonthStillOpen
        The month is not over.
    """
    now = clock.now()
    require_over(month, program.current(now), now)
    started = CycleStarted(cycle_id=f"{month}-{uuid4().hex[:12]}", month=month)
    reports.put(_name(started.cycle_id), "ticket", {"month": month, "started_at": iso(now)})
    executions.start(MACHINE, started.cycle_id, started.model_dump())
    return started


def plan_cycle(
    cycle_id: str,
    month: str | None,
    scheduled_at: datetime | None,
    *,
    store: MemberStore,
    objects: ObjectStore,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> CyclePlan:
    """Write down whom to evaluate: all members, one id a line.

    Requests: 1 query per page of each of the 32 shards, 1 object and 1 report written.

    Parameters
    ----------
    month
        None: the month before the one of `scheduled_at`, or of now.
    """
    now = clock.now()
    if month is None:
        zone = program.current(now).time_zone
        month = month_after(month_of(program_day(scheduled_at or now, zone)), -1)
    key = f"cycles/{cycle_id}/members.csv"
    members = 0

    def lines() -> Iterator[str]:
        nonlocal members
        yield HEADER
        for shard in range(ENROLLED_SHARDS):
            for member_id in store.member_ids(shard, only_enrolled=True):
                members += 1
                yield member_id

    objects.write_lines(key, lines())
    plan = CyclePlan(cycle_id=cycle_id, month=month, key=key, members=members)
    reports.put(_name(cycle_id), "plan", {**plan.model_dump(), "started_at": iso(now)})
    return plan


def collect_results(
    cycle_id: str, manifest_key: str, *, objects: ObjectStore, reports: ReportStore
) -> CycleResults:
    """Add up what the evaluations came to, and keep who failed and why.

    Requests: 1 object read for the manifest and 1 per file of results, 1 write.

    Parameters
    ----------
    manifest_key
        Of the map's ResultWriter, whose files have one JSON document a line.
    """
    manifest = json.loads("".join(objects.read_lines(manifest_key)))
    evaluated = upgraded = failed_members = 0
    failed: list[FailedMember] = []
    for result in _results(manifest, "SUCCEEDED", objects):
        evaluated += 1
        upgraded += json.loads(result["Output"]).get("upgraded_to") is not None
    for result in _results(manifest, "FAILED", objects):
        failed_members += 1
        if len(failed) < FAILURES_KEPT:
            member_id = json.loads(result["Input"])["member_id"]
            failed.append(FailedMember(member_id=member_id, reason=_reason(result)))
    results = CycleResults(
        evaluated=evaluated,
        failed_members=failed_members,
        upgraded=upgraded,
        failed=tuple(sorted(failed, key=lambda member: member.member_id)),
    )
    reports.put(_name(cycle_id), "results", results.model_dump())
    return results


def close_cycle(
    cycle_id: str,
    month: str | None,
    state: str,
    reason: str | None,
    *,
    reports: ReportStore,
    clock: Clock,
) -> None:
    """Keep how a cycle ended. Requests: 1 write."""
    ended: dict[str, object] = {"state": state, "reason": reason, "ended_at": iso(clock.now())}
    if month is not None:
        ended["month"] = month
    reports.put(_name(cycle_id), "end", ended)


def cycle_progress(cycle_id: str, *, reports: ReportStore) -> CycleProgress:
    """Tell how far a cycle is. Requests: 4 reads.

    Raises
    ------
    CycleNotFound
        There is none of this id, or it is longer ago than results are kept.
    """
    name = _name(cycle_id)
    parts = {part: reports.get(name, part) for part in ("ticket", "plan", "results", "end")}
    known: dict[str, object] = {}
    for found in parts.values():
        known |= found or {}
    if "month" not in known:
        raise CycleNotFound(cycle_id)
    known.pop("key", None)
    state = "reporting" if parts["results"] else "evaluating" if parts["plan"] else "started"
    return CycleProgress.model_validate({"state": state, **known, "cycle_id": cycle_id})


def evaluate_member(
    member_id: str,
    month: str | None,
    *,
    evaluations: Evaluations,
    program: ProgramStore,
    clock: Clock,
) -> EvaluationAnswer:
    """Evaluate one member, as after a cycle in which that failed. Requests: 1 execution.

    Parameters
    ----------
    month
        None: ad hoc, over the last 30 days.

    Raises
    ------
    MonthStillOpen
        The month is not over.
    """
    now = clock.now()
    if month is not None:
        require_over(month, program.current(now), now)
    outcome = evaluations.evaluate(member_id, month)
    if outcome.output is None:
        return EvaluationAnswer(
            member_id=member_id, month=month, state="failed", reason=outcome.reason
        )
    names = ("tier", "spend_minor", "points_posted", "upgraded_to")
    known = {name: outcome.output.get(name) for name in names}
    return EvaluationAnswer.model_validate(
        {**known, "member_id": member_id, "month": month, "state": "evaluated"}
    )


def _results(
    manifest: Mapping[str, Any], status: str, objects: ObjectStore
) -> Iterator[Mapping[str, Any]]:
    for file in manifest["ResultFiles"][status]:
        for line in objects.read_lines(file["Key"]):
            if line:
                yield json.loads(line)


def _reason(result: Mapping[str, Any]) -> str:
    cause = result.get("Cause") or ""
    return f"{result.get('Error')}: {cause}"[:REASON_LENGTH]


def _name(cycle_id: str) -> str:
    return f"cycle-{cycle_id}"
