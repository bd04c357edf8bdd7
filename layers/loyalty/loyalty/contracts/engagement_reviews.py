"""Engagement reviews over HTTP, and what the states of `engagement_review` hand on."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.journeys import Count, Task
from loyalty.contracts.values import Contract, Month, Timestamp


class ReviewRequest(Contract):
    """A month that is over; it may have had any number of reviews."""

    month: Month


class ReviewStarted(Contract):
    review_id: str
    month: Month


class ReviewCounts(Contract):
    """How many members were looked at, named top customers, judged to have lapsed.

    `back` are those of the lapsed who used a benefit before the review came. `failed` names those
    with whom it could not be done; none of the others waits for them. A review after the first one
    counts what it changed.
    """

    looked_at: Count
    top: Count
    lapsed: Count
    back: Count
    failed: tuple[str, ...]


class ReviewProgress(Contract):
    """How far a review is; `result` is there once all members were looked at."""

    review_id: str
    month: Month
    state: Literal["started", "done"]
    started_at: Timestamp
    reviewed_at: Timestamp | None = None
    result: ReviewCounts | None = None


# ── Of the state machine ──────────────────────────────────────────────────────────────────────────


class ReviewPlanTask(Task):
    """Without a month, the one before `scheduled_at`; without that too, the one before now."""

    review_id: str
    month: Month | None = None
    scheduled_at: Timestamp | None = None


class ReviewPlan(Contract):
    """The month to judge, and the shards of members to walk over."""

    review_id: str
    month: Month
    shards: tuple[int, ...]


class ShardReviewTask(Task):
    review_id: str
    month: Month
    shard: int


class ShardReview(ReviewCounts):
    """What came of one shard, as far as its last run tells."""

    shard: int


class ReviewSummaryTask(Task):
    review_id: str
    month: Month


class ReviewReport(ReviewCounts):
    """What came of a review."""

    month: Month
    reviewed_at: Timestamp
