"""The review of a month's engagement: who is a top customer of it, and who has lapsed.

A review can be run again, for the same month too: who was judged is judged the same, and nothing is
counted, told or sent twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import uuid4

from loyalty.contracts.engagement_reviews import (
    ReviewCounts,
    ReviewPlan,
    ReviewProgress,
    ReviewReport,
    ReviewStarted,
    ShardReview,
)
from loyalty.contracts.values import iso
from loyalty.domain.calendar import month_after, month_of, program_day
from loyalty.domain.engagement import is_lapsed, judge
from loyalty.domain.errors import MemberBusy
from loyalty.domain.member import Member
from loyalty.domain.month_uses import earliest_kept
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.report_errors import MonthTooOld, ReviewNotFound
from loyalty.services.customers import commit_step
from loyalty.services.ports import (
    ENROLLED_SHARDS,
    Clock,
    Due,
    Executions,
    MemberStore,
    ProgramStore,
    ReportStore,
)
from loyalty.services.refresh_offers import Curator
from loyalty.services.reports import require_over
from loyalty.services.retrying import with_retries

MACHINE: Final = "engagement_review"
PAGE_SIZE: Final = 100
# Failures beyond these are of one kind; their ids must fit into one item.
FAILED_KEPT: Final = 100
_COUNTED_BY: Final = {
    "TopCustomerNamed": "top",
    "CustomerInactive": "lapsed",
    "MemberReactivated": "back",
}


class ReviewIncomplete(Exception):
    """Shards are missing, so some members are not judged yet."""


def start_review(
    month: str,
    *,
    executions: Executions,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> ReviewStarted:
    """Start a review of a month; each call starts one of its own. Requests: 1 write, 1 start.

    Raises
    ------
    MonthStillOpen, MonthTooOld
        The month is not over, or so long ago that its uses are not kept any more.
    """
    now = clock.now()
    _require_judgeable(month, program.current(now), now)
    started = ReviewStarted(review_id=f"{month}-{uuid4().hex[:12]}", month=month)
    _put_ticket(started.review_id, month, reports, now)
    executions.start(MACHINE, started.review_id, started.model_dump())
    return started


def plan_review(
    review_id: str,
    month: str | None,
    scheduled_at: datetime | None,
    *,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> ReviewPlan:
    """Say which month is judged, over which shards of members. Requests: 1 write.

    Parameters
    ----------
    month
        None: the month before the one of `scheduled_at`, or of now.

    Raises
    ------
    MonthStillOpen, MonthTooOld
        The month is not over, or so long ago that its uses are not kept any more.
    """
    now = clock.now()
    definition = program.current(now)
    if month is None:
        month = month_after(month_of(program_day(scheduled_at or now, definition.time_zone)), -1)
    _require_judgeable(month, definition, now)
    _put_ticket(review_id, month, reports, now)
    return ReviewPlan(review_id=review_id, month=month, shards=tuple(range(ENROLLED_SHARDS)))


def review_shard(
    review_id: str,
    month: str,
    shard: int,
    *,
    store: MemberStore,
    curator: Curator,
    program: ProgramStore,
    reports: ReportStore,
    clock: Clock,
) -> ShardReview:
    """Judge the members of a shard; who has lapsed gets other offers and is due a message.

    Requests: 1 query of the shard's members, 1 batch read per 100 of them, 1 write; per member
    about whom anything is said 1 transaction, and 1 read for each time that somebody was faster;
    where somebody has lapsed, what the curator reads once.
    """
    outcomes: Counter[str] = Counter()
    failed: list[str] = []
    looked_at = 0
    for page in _pages(store.member_ids(shard, only_enrolled=True)):
        found = store.profiles(page)
        looked_at += len(found)
        for member in found:
            try:
                outcomes.update(_review(member, month, store, curator, program, clock))
            except (MemberBusy, KeyError, TypeError, ValueError):  # busy, or cannot be judged
                failed.append(member.member_id)
    reviewed = ShardReview(
        shard=shard,
        looked_at=looked_at,
        top=outcomes["top"],
        lapsed=outcomes["lapsed"],
        back=outcomes["back"],
        failed=tuple(failed[:FAILED_KEPT]),
    )
    reports.put(_name(review_id), f"shard-{shard:03}", reviewed.model_dump(mode="json"))
    return reviewed


def summarize_review(
    review_id: str, month: str, *, reports: ReportStore, clock: Clock
) -> ReviewReport:
    """Add up the shards into the report of the review. Requests: 1 query and 1 write.

    Raises
    ------
    ReviewIncomplete
        Not every shard was reviewed.
    """
    parts = [part for part in reports.parts(_name(review_id)) if "shard" in part]
    reviewed = [ShardReview.model_validate(part) for part in parts]
    if {part.shard for part in reviewed} != set(range(ENROLLED_SHARDS)):
        raise ReviewIncomplete(f"{len(reviewed)} of {ENROLLED_SHARDS} shards were reviewed")
    failed = [member_id for part in reviewed for member_id in part.failed]
    report = ReviewReport(
        month=month,
        reviewed_at=clock.now(),
        looked_at=sum(part.looked_at for part in reviewed),
        top=sum(part.top for part in reviewed),
        lapsed=sum(part.lapsed for part in reviewed),
        back=sum(part.back for part in reviewed),
        failed=tuple(failed[:FAILED_KEPT]),
    )
    reports.put(_name(review_id), "report", report.model_dump(mode="json"))
    return report


def review_progress(review_id: str, *, reports: ReportStore) -> ReviewProgress:
    """Tell how far a review is. Requests: 2 reads.

    Raises
    ------
    ReviewNotFound
        There is none of this id, or it is longer ago than results are kept.
    """
    ticket = reports.get(_name(review_id), "ticket")
    if ticket is None:
        raise ReviewNotFound(review_id)
    progress = ReviewProgress.model_validate({**ticket, "review_id": review_id, "state": "started"})
    ended = reports.get(_name(review_id), "report")
    if ended is None:
        return progress
    report = ReviewReport.model_validate(ended)
    counts = {name: getattr(report, name) for name in ReviewCounts.model_fields}
    news = {"reviewed_at": report.reviewed_at, "result": ReviewCounts(**counts)}
    return progress.model_copy(update={"state": "done", **news})


def _review(
    member: Member,
    month: str,
    store: MemberStore,
    curator: Curator,
    program: ProgramStore,
    clock: Clock,
) -> list[str]:
    """Write what is to be said of a member's month; return the names of its counts."""
    known: Member | None = member

    def attempt() -> list[str]:
        nonlocal known
        current = known or store.member(member.member_id)
        known = None
        if current is None:
            return []
        now = clock.now()
        step = judge(current, month, program.current(now), now)
        if step is None:
            return []
        is_to_be_won = is_lapsed(step.member) and not is_lapsed(current)
        due: tuple[Due, ...] = ()
        if is_to_be_won:
            step = replace(step, member=curator.curated(step.member))
            due = (Due("win_back", now, current.member_id),)
        commit_step(store, current, step, due=due)
        return [_COUNTED_BY[change.event] for change in step.changes]

    return with_retries(attempt)


def _require_judgeable(month: str, definition: ProgramDefinition, now: datetime) -> None:
    """Pass for a month that is over and whose uses are known: without these, all would lapse."""
    require_over(month, definition, now)
    if month < earliest_kept(month_of(program_day(now, definition.time_zone))):
        raise MonthTooOld(month)


def _put_ticket(review_id: str, month: str, reports: ReportStore, now: datetime) -> None:
    reports.put(_name(review_id), "ticket", {"month": month, "started_at": iso(now)})


def _pages(member_ids: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(member_ids, PAGE_SIZE)):
        yield page


def _name(review_id: str) -> str:
    return f"{MACHINE}-{review_id}"
