"""Input and output of the machine `threshold_sweep` and of its tasks."""

from __future__ import annotations

from loyalty.contracts.journeys import Count, Task
from loyalty.contracts.values import Contract, Timestamp


class SweepPlan(Contract):
    """The shards that a sweep walks over; none when nobody's threshold has become lower."""

    sweep_id: str
    program_version: int
    shards: tuple[int, ...] = ()


class ShardSweepTask(Task):
    sweep_id: str
    shard: int


class SweepSummaryTask(Task):
    """`program_version` is the one that the sweep was planned for."""

    sweep_id: str
    program_version: int


class SweepCounts(Contract):
    """How many customers were looked at, how many crossed, and how many bought too long ago.

    `failed` names those with whom it could not be done; none of the others waits for them.
    """

    looked_at: Count
    crossed: Count
    too_long_ago: Count
    failed: tuple[str, ...]


class ShardSweep(SweepCounts):
    """What came of one shard, as far as its last run tells."""

    shard: int


class SweepReport(SweepCounts):
    """What came of a sweep."""

    program_version: int
    swept_at: Timestamp


class SweptProgram(Contract):
    """The lasting note: everybody was swept for this version of the program."""

    program_version: int
