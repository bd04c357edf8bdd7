"""When the Elite threshold becomes lower, those who are past it cross without a new order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Final, Literal

from loyalty.contracts.sweeps import ShardSweep, SweepPlan, SweepReport, SweptProgram
from loyalty.domain.errors import MemberBusy
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.threshold import is_past, may_have_fallen, sweep
from loyalty.services.customers import commit_step
from loyalty.services.ports import (
    MEMBER_SHARDS,
    Clock,
    MemberStore,
    ProgramStore,
    ReportStore,
)
from loyalty.services.retrying import with_retries

REPORT: Final = "threshold_sweep"
SWEPT_PROGRAM: Final = "threshold_sweep_program"
LATEST: Final = "latest"
PAGE_SIZE: Final = 100
# Failures beyond these are of one kind; their ids must fit into one item.
FAILED_KEPT: Final = 100
# Orders are judged by copies of the program that may be older by PROGRAM_CACHE_SECONDS and the time
# that a function runs: whoever they leave behind must be there when the sweep comes.
KNOWN_TO_ALL_AFTER: Final = timedelta(minutes=5)

Outcome = Literal["crossed", "too_long_ago", "not_past"]


class SweepIncomplete(Exception):
    """Shards are missing, so the sweep is still owed."""


def plan_sweep(
    sweep_id: str, *, program: ProgramStore, reports: ReportStore, clock: Clock
) -> SweepPlan:
    """Tell whether a sweep is owed for the version in force, and over which shards.

    It is owed until one has ended well, so a start that failed or a sweep that stopped is made good
    by the next plan. The version is compared with every one since the last that was swept for:
    raising the threshold and lowering it again leaves people behind as well.

    Requests: 1 read, and 1 query where the definition is not cached.
    """
    now = clock.now()
    current = program.current(now)
    is_known_to_all = current.effective_from <= now - KNOWN_TO_ALL_AFTER
    is_owed = is_known_to_all and _has_fallen(current, since=_last_swept(reports), program=program)
    return SweepPlan(
        sweep_id=sweep_id,
        program_version=current.version,
        shards=tuple(range(MEMBER_SHARDS)) if is_owed else (),
    )


def sweep_shard(
    sweep_id: str,
    shard: int,
    *,
    store: MemberStore,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> ShardSweep:
    """Let those of a shard cross who are past the threshold; doing it again finds nobody new.

    The program in force judges, also where it is a later one than the sweep was planned for.

    Requests: 1 query of the shard's members, 1 batch read per 100 of them, 1 write; per customer
    who is past the threshold 1 read, 1 query and 1 batch read of the latest order, 1 transaction.
    """
    outcomes: Counter[Outcome] = Counter()
    failed: list[str] = []
    looked_at = 0
    for page in _pages(store.member_ids(shard)):
        found = store.profiles(page)
        looked_at += len(found)
        definition = program.current(clock.now())
        for member_id in [member.member_id for member in found if is_past(member, definition)]:
            decide = partial(_let_cross, member_id, store=store, program=program, clock=clock)
            try:
                outcomes[with_retries(decide)] += 1
            except (MemberBusy, KeyError, TypeError, ValueError):  # busy, or cannot be read
                failed.append(member_id)
    swept = ShardSweep(
        shard=shard,
        looked_at=looked_at,
        crossed=outcomes["crossed"],
        too_long_ago=outcomes["too_long_ago"],
        failed=tuple(failed[:FAILED_KEPT]),
    )
    reports.put(_findings_name(sweep_id), f"shard-{shard:03}", swept.model_dump(mode="json"))
    return swept


def summarize_sweep(
    sweep_id: str, program_version: int, *, reports: ReportStore, clock: Clock
) -> SweepReport:
    """Add up the shards and, if nobody failed, note that the version is swept for.

    Requests: 1 query and 1 write; 1 read and 1 write more when nobody failed.

    Raises
    ------
    SweepIncomplete
        Not every shard was swept.
    """
    swept = [ShardSweep.model_validate(part) for part in reports.parts(_findings_name(sweep_id))]
    if {part.shard for part in swept} != set(range(MEMBER_SHARDS)):
        raise SweepIncomplete(f"{len(swept)} of {MEMBER_SHARDS} shards were swept")
    failed = [member_id for part in swept for member_id in part.failed]
    report = SweepReport(
        program_version=program_version,
        swept_at=clock.now(),
        looked_at=sum(part.looked_at for part in swept),
        crossed=sum(part.crossed for part in swept),
        too_long_ago=sum(part.too_long_ago for part in swept),
        failed=tuple(failed[:FAILED_KEPT]),
    )
    reports.put(REPORT, sweep_id, report.model_dump(mode="json"))
    # Two sweeps may overlap; the later version's note stays.
    if not failed and _last_swept(reports) < program_version:
        note = SweptProgram(program_version=program_version)
        reports.put(SWEPT_PROGRAM, LATEST, note.model_dump(mode="json"), is_lasting=True)
    return report


def _has_fallen(current: ProgramDefinition, *, since: int, program: ProgramStore) -> bool:
    earlier = (program.version(number) for number in range(since, current.version))
    return any(may_have_fallen(version, current) for version in earlier)


def _let_cross(
    member_id: str, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> Outcome:
    now = clock.now()
    definition = program.current(now)
    member = store.member(member_id)
    if member is None or not is_past(member, definition):
        return "not_past"
    orders, _ = store.orders(member_id, limit=1)
    step = sweep(member, orders[0] if orders else None, definition, now)
    if step is None:
        return "too_long_ago"
    commit_step(store, member, step)
    return "crossed"


def _pages(member_ids: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(member_ids, PAGE_SIZE)):
        yield page


def _last_swept(reports: ReportStore) -> int:
    noted = reports.get(SWEPT_PROGRAM, LATEST)
    return SweptProgram.model_validate(noted).program_version if noted else 0


def _findings_name(sweep_id: str) -> str:
    return f"{REPORT}-{sweep_id}"
