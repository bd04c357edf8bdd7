"""Input and output of the machine `offer_refresh` and of its tasks."""

from __future__ import annotations

from loyalty.contracts.journeys import Count, Task
from loyalty.contracts.values import Contract, Timestamp


class RefreshStarted(Contract):
    refresh_id: str


class RefreshTask(Task):
    """`refresh_id` is the execution's name."""

    refresh_id: str


class ShardRefreshTask(RefreshTask):
    shard: int


class TastesExported(Contract):
    """How many customers of a shard have tastes that may be counted."""

    shard: int
    customers: Count


class StatisticsCounted(Contract):
    """Over how many products and categories there are statistics now."""

    skus: Count
    categories: Count


class RefreshCounts(Contract):
    """How many members were looked at, and how many have other offers now.

    `failed` names those with whom it could not be done; none of the others waits for them.
    """

    looked_at: Count
    refreshed: Count
    failed: tuple[str, ...]


class ShardRefresh(RefreshCounts):
    """What came of one shard, as far as its last run tells."""

    shard: int


class RefreshReport(RefreshCounts):
    """What came of a refresh."""

    refreshed_at: Timestamp
