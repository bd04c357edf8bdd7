"""Offers are curated anew: every week for all members of Elite, and for one when it is time.

What customers like is exported, counted, and used to rank the offers of each member. All of it can
be done again; offers that stay the same are not written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Final
from uuid import uuid4

from loyalty.contracts.offer_refreshes import (
    RefreshReport,
    RefreshStarted,
    ShardRefresh,
    StatisticsCounted,
    TastesExported,
)
from loyalty.domain.calendar import program_day
from loyalty.domain.curation import curate
from loyalty.domain.errors import MemberBusy
from loyalty.domain.journey import GONE
from loyalty.domain.member import Member
from loyalty.domain.offer_rules import is_in_elite
from loyalty.domain.taste_statistics import Statistics, count_statistics
from loyalty.domain.tastes import faded
from loyalty.services.customers import present_member
from loyalty.services.offer_ports import OfferCatalogue
from loyalty.services.ports import (
    MEMBER_SHARDS,
    REFRESH_SHARDS,
    Clock,
    Executions,
    MemberChange,
    MemberStore,
    ObjectStore,
    ProgramStore,
    ReportStore,
)
from loyalty.services.retrying import with_retries
from loyalty.services.taste_objects import (
    KeptStatistics,
    read_tastes,
    write_statistics,
    write_tastes,
)

MACHINE: Final = "offer_refresh"
PAGE_SIZE: Final = 100
# Failures beyond these are of one kind; their ids must fit into one item.
FAILED_KEPT: Final = 100


class RefreshIncomplete(Exception):
    """Shards are missing, so some members have their old offers."""


def start_refresh(*, executions: Executions) -> RefreshStarted:
    """Start a refresh of all members' offers; each call starts one of its own. Requests: 1."""
    started = RefreshStarted(refresh_id=uuid4().hex)
    executions.start(MACHINE, started.refresh_id, {})
    return started


def export_tastes(
    refresh_id: str,
    shard: int,
    *,
    store: MemberStore,
    objects: ObjectStore,
    program: ProgramStore,
    clock: Clock,
) -> TastesExported:
    """Write what the customers of a shard like, as of today and without their ids.

    Requests: 8 queries of the shard's members, 1 batch read per 100 of them, 1 object.
    """
    now = clock.now()
    today = program_day(now, program.current(now).time_zone)
    # One after the other: a large program has more of them in a shard than fit into memory.
    tastes = (
        faded(member.tastes, today)
        for page in _pages(_customer_ids(shard, store))
        for member in store.profiles(page)
        if member.tastes is not None and member.status not in GONE
    )
    return TastesExported(shard=shard, customers=write_tastes(refresh_id, shard, tastes, objects))


def count_co_purchases(refresh_id: str, *, objects: ObjectStore) -> StatisticsCounted:
    """Count what all customers buy and what they buy together. Requests: 2 objects per shard, 1.

    Raises
    ------
    ImportNotFound
        A shard was not exported; the last statistics stay in place.
    """
    statistics = count_statistics(lambda: read_tastes(refresh_id, objects))
    write_statistics(statistics, objects)
    return StatisticsCounted(skus=len(statistics.skus), categories=len(statistics.categories))


def refresh_shard(
    refresh_id: str,
    shard: int,
    *,
    store: MemberStore,
    curator: Curator,
    reports: ReportStore,
) -> ShardRefresh:
    """Curate the offers of a shard's members anew.

    Requests: 1 query of the shard's members, 1 batch read per 100 of them, 1 write, and those
    of the curator.
    """
    refreshed = looked_at = 0
    failed: list[str] = []
    for page in _pages(store.member_ids(shard, only_enrolled=True)):
        for member in store.profiles(page):
            if not is_in_elite(member):
                continue
            looked_at += 1
            try:
                refreshed += curator.refresh(member)
            except (MemberBusy, KeyError, TypeError, ValueError):  # busy, or cannot be curated
                failed.append(member.member_id)
    result = ShardRefresh(
        shard=shard, looked_at=looked_at, refreshed=refreshed, failed=tuple(failed[:FAILED_KEPT])
    )
    reports.put(_name(refresh_id), f"shard-{shard:03}", result.model_dump(mode="json"))
    return result


def summarize_refresh(refresh_id: str, *, reports: ReportStore, clock: Clock) -> RefreshReport:
    """Add up the shards into the report of the refresh. Requests: 1 query and 1 write.

    Raises
    ------
    RefreshIncomplete
        Not every shard was refreshed.
    """
    parts = [part for part in reports.parts(_name(refresh_id)) if "shard" in part]
    shards = [ShardRefresh.model_validate(part) for part in parts]
    if {part.shard for part in shards} != set(range(REFRESH_SHARDS)):
        raise RefreshIncomplete(f"{len(shards)} of {REFRESH_SHARDS} shards were refreshed")
    failed = [member_id for part in shards for member_id in part.failed]
    report = RefreshReport(
        refreshed_at=clock.now(),
        looked_at=sum(part.looked_at for part in shards),
        refreshed=sum(part.refreshed for part in shards),
        failed=tuple(failed[:FAILED_KEPT]),
    )
    reports.put(_name(refresh_id), "report", report.model_dump(mode="json"))
    return report


class Curator:
    """Curates the offers of one member after another, by the same statistics.

    Requests: 1 when the first member is curated, and 1 object when it has changed, 1 query per 100
    offers where the catalogue is not cached; then per member 1 transaction when the offers change,
    and 1 read for each time that somebody was faster.
    """

    def __init__(
        self,
        *,
        store: MemberStore,
        catalogue: OfferCatalogue,
        statistics: KeptStatistics,
        program: ProgramStore,
        clock: Clock,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._kept_statistics = statistics
        self._program = program
        self._clock = clock

    @cached_property
    def _statistics(self) -> Statistics:
        return self._kept_statistics.latest()

    def curate(self, member_id: str) -> bool:
        """Curate a member's offers anew, as when they accepted. Requests: 1 read more.

        Returns
        -------
        bool
            Whether the member has other offers now; never for who is not in Elite.

        Raises
        ------
        MemberNotFound
            Unknown, left, merged or erased.
        MemberBusy
            Others kept changing the member.
        """
        return self.refresh(present_member(self._store, member_id))

    def refresh(self, member: Member) -> bool:
        """Write a member's offers if they change; tell whether they did.

        Parameters
        ----------
        member
            As read shortly before.

        Raises
        ------
        MemberBusy
            Others kept changing the member.
        """
        known: Member | None = member

        def attempt() -> bool:
            nonlocal known
            before = known or self._store.member(member.member_id)
            known = None
            if before is None or not is_in_elite(before):
                return False
            after = self.curated(before)
            if after is before:
                return False
            after = replace(after, version=before.version + 1)
            self._store.commit(
                MemberChange(after, expected_version=before.version, only=("offers",))
            )
            return True

        return with_retries(attempt)

    def curated(self, member: Member) -> Member:
        """Return the member with offers curated anew, the same one when these stay the same."""
        now = self._clock.now()
        definition = self._program.current(now)
        return curate(member, self._catalogue.offers(), self._statistics, definition, now)


def _customer_ids(shard: int, store: MemberStore) -> Iterator[str]:
    """Return whose tastes a shard of a refresh exports: the customers of several shards."""
    for part in range(shard, MEMBER_SHARDS, REFRESH_SHARDS):
        yield from store.member_ids(part)


def _pages(member_ids: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(member_ids, PAGE_SIZE)):
        yield page


def _name(refresh_id: str) -> str:
    return f"{MACHINE}-{refresh_id}"
