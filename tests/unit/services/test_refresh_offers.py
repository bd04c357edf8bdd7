"""Offers curated anew: for all members of Elite, for one of them, whoever is faster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from typing import Any

import pytest

from loyalty.contracts.offer_refreshes import RefreshReport
from loyalty.domain.errors import ImportNotFound, MemberNotFound
from loyalty.domain.member import Member
from loyalty.domain.offers import MemberOffer, Offer, Reason
from loyalty.domain.preferences import change_preferences
from loyalty.domain.tastes import HALF_LIFE_DAYS, Taste, Tastes
from loyalty.services.customers import commit_step
from loyalty.services.member_offers import list_member_offers
from loyalty.services.ports import REFRESH_SHARDS, MemberChange
from loyalty.services.refresh_offers import (
    PAGE_SIZE,
    Curator,
    RefreshIncomplete,
    count_co_purchases,
    export_tastes,
    refresh_shard,
    start_refresh,
    summarize_refresh,
)
from loyalty.services.shards import member_shard
from loyalty.services.taste_objects import (
    STATISTICS_KEY,
    KeptStatistics,
    read_statistics,
    read_tastes,
)
from tests.support.job_fakes import FakeObjects, FakeReports
from tests.support.journey_fakes import JourneyWorld
from tests.support.offer_fakes import FakeOfferCatalogue

DAY = date(2017, 3, 15)


class Refreshes(JourneyWorld):
    """Customers and what they like, and refreshes as their state machine does them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.catalogue = FakeOfferCatalogue(self.store.offers)
        self.objects = FakeObjects()
        self.statistics = KeptStatistics(self.objects)
        self.reports = FakeReports()
        self.ports: dict[str, Any] = {
            "store": self.store,
            "objects": self.objects,
            "program": self.program,
            "clock": self.clock,
        }

    @property
    def curator(self) -> Curator:
        return Curator(
            store=self.store,
            catalogue=self.catalogue,
            statistics=self.statistics,
            program=self.program,
            clock=self.clock,
        )

    def likes(self, member_id: str, *skus: str, **fields: Any) -> Member:
        """Keep a member of Elite who bought each of these products once, today."""
        since = self.clock.now() - timedelta(days=60)
        known = {
            "status": "active",
            "joined_at": since,
            "tastes": Tastes(DAY, tuple(Taste(sku, 1.0, 1) for sku in skus)),
        }
        return self.customer(member_id, **(known | fields))

    def offer(self, sku: str, **fields: Any) -> None:
        now = self.clock.now()
        period = {"valid_from": now - timedelta(days=1), "expires_at": now + timedelta(days=30)}
        known = {"revision": 1, "name": sku, "kind": "product", "sku": sku, **period}
        self.store.offers.catalogue[sku] = Offer(**({"offer_id": sku} | known | fields))

    def export(self) -> None:
        for shard in range(REFRESH_SHARDS):
            export_tastes("r-1", shard, **self.ports)

    def refresh_shards(self) -> None:
        for shard in range(REFRESH_SHARDS):
            refresh_shard(
                "r-1", shard, store=self.store, curator=self.curator, reports=self.reports
            )

    def refresh(self) -> RefreshReport:
        self.export()
        count_co_purchases("r-1", objects=self.objects)
        self.refresh_shards()
        return summarize_refresh("r-1", reports=self.reports, clock=self.clock)

    def listed(self, member_id: str) -> list[str]:
        page = list_member_offers(
            member_id,
            limit=100,
            cursor=None,
            store=self.store,
            catalogue=self.catalogue,
            program=self.program,
            clock=self.clock,
        )
        return [offer.offer_id for offer in page.items]

    def shown(self, member_id: str) -> list[str]:
        return [own.offer_id for own in self.member(member_id).offers]


@pytest.fixture
def world() -> Refreshes:
    world = Refreshes()
    world.clock.at = world.clock.at.replace(year=2017, month=3, day=15)
    return world


def test_everybody_in_elite_gets_what_they_like(world: Refreshes) -> None:
    world.offer("milk")
    world.offer("tea")
    world.likes("ada", "milk")
    world.likes("bob", "tea")
    world.likes("lapsed", "tea", status="inactive", inactive_reason="lapsed")
    world.likes("silent", "tea", status="inactive", inactive_reason="silent")
    world.likes("prospect", "tea", status="prospect", joined_at=None)

    report = world.refresh()

    now = world.clock.now()
    assert report == RefreshReport(refreshed_at=now, looked_at=3, refreshed=3, failed=())
    assert world.shown("ada") == ["milk", "tea"]
    assert world.shown("bob") == world.shown("lapsed") == ["tea", "milk"]
    assert world.shown("silent") == world.shown("prospect") == []
    first = world.member("ada").offers[0]
    assert first == MemberOffer("milk", Reason("bought_before", "milk", times=1), curated_at=now)


def test_a_second_refresh_writes_nothing(world: Refreshes) -> None:
    world.offer("milk")
    world.likes("ada", "milk")
    world.refresh()
    before = world.member("ada")

    assert world.refresh().refreshed == 0
    assert world.member("ada") == before


def test_only_offers_that_the_member_may_use_are_shown(world: Refreshes) -> None:
    world.offer("milk")
    world.offer("gold", tiers=("gold",))
    world.offer("used-up", budget_uses=1, uses=1)
    world.offer("soon", valid_from=world.clock.now() + timedelta(days=1))
    world.offer("retired", retired_at=world.clock.now())
    world.likes("ada", "milk")
    world.refresh()
    assert world.shown("ada") == ["milk"]


def test_what_was_activated_stays_while_its_budget_is_used_up(world: Refreshes) -> None:
    """And is the member's again when there is room, though they have left its segment."""
    world.offer("welcome", segments=("new",), budget_uses=1, uses=1)
    activated = MemberOffer(
        "welcome",
        Reason("own_choice"),
        curated_at=world.clock.now(),
        activated_at=world.clock.now(),
    )
    world.likes("ada", offers=(activated,))
    world.refresh()
    assert world.shown("ada") == ["welcome"]
    assert world.listed("ada") == []

    world.offer("welcome", segments=("new",), budget_uses=1, uses=0)
    world.refresh()
    assert world.listed("ada") == ["welcome"]


def test_prospects_count_but_not_who_is_gone(world: Refreshes) -> None:
    world.likes("prospect", "milk", status="prospect", joined_at=None)
    world.likes("merged", "milk", status="merged", merged_into="ada")
    world.likes("left", "milk", status="left")
    world.customer("nothing-bought")
    world.export()
    assert len(list(read_tastes("r-1", world.objects))) == 1


def test_tastes_are_exported_as_of_today_and_without_ids(world: Refreshes) -> None:
    old = Tastes(DAY - timedelta(days=HALF_LIFE_DAYS), (Taste("milk", 3.0, 4),))
    world.likes("ada", tastes=old)
    world.export()
    assert list(read_tastes("r-1", world.objects)) == [Tastes(DAY, (Taste("milk", 1.5, 4),))]
    assert "ada" not in "".join(line for lines in world.objects.files.values() for line in lines)


def test_tastes_are_written_while_others_are_still_to_be_read(world: Refreshes) -> None:
    """A shard of a large program has more customers than fit into memory."""
    in_shard = (f"m-{n}" for n in count() if member_shard(f"m-{n}") % REFRESH_SHARDS == 0)
    for member_id in islice(in_shard, PAGE_SIZE + 1):
        world.likes(member_id, "milk")
    read_by_line: list[int] = []

    class Watched(FakeObjects):
        def write_lines(self, key: str, lines: Iterable[str]) -> None:
            read_by_line.extend(world.store.requests for _ in lines)

    world.store.requests = 0
    exported = export_tastes("r-1", 0, **world.ports | {"objects": Watched()})
    assert exported.customers == PAGE_SIZE + 1
    assert read_by_line == [1] * PAGE_SIZE + [2]


def test_statistics_are_read_as_they_were_written(world: Refreshes) -> None:
    for number in range(3):
        world.likes(f"tea-{number}", "tea", "lemon")
        world.likes(f"milk-{number}", "milk")
    world.export()
    counted = count_co_purchases("r-1", objects=world.objects)

    statistics = read_statistics(world.objects)
    assert (counted.skus, counted.categories) == (3, 0)
    assert statistics.skus["tea"].rate == 0.5
    assert [companion.name for companion in statistics.skus["tea"].companions] == ["lemon"]


def test_kept_statistics_are_read_again_when_there_are_newer_ones(world: Refreshes) -> None:
    assert world.statistics.latest().skus == {}
    world.likes("ada", "milk", "tea")
    world.refresh()
    kept = world.statistics.latest()
    assert kept.skus.keys() == {"milk", "tea"}
    assert world.statistics.latest() is kept

    world.likes("bob", "apple")
    world.refresh()
    assert world.statistics.latest().skus.keys() == {"apple", "milk", "tea"}


def test_a_shard_that_is_missing_leaves_the_last_statistics(world: Refreshes) -> None:
    world.likes("ada", "milk")
    world.refresh()
    before = world.objects.files[STATISTICS_KEY]
    with pytest.raises(ImportNotFound):
        count_co_purchases("r-2", objects=world.objects)
    assert world.objects.files[STATISTICS_KEY] == before


def test_before_there_are_statistics_tastes_alone_decide(world: Refreshes) -> None:
    world.offer("milk")
    world.offer("apple")
    world.likes("ada", "milk")
    assert world.curator.curate("ada")
    assert world.shown("ada") == ["milk", "apple"]


def test_only_the_offers_are_written(world: Refreshes) -> None:
    world.offer("milk")
    ada = world.likes("ada", "milk")
    world.curator.curate("ada")
    after = world.member("ada")
    assert after == replace(ada, version=ada.version + 1, offers=after.offers)


def test_who_objects_meanwhile_is_curated_as_they_wish(world: Refreshes) -> None:
    world.offer("milk")
    world.offer("apple")
    read = world.likes("ada", "milk")
    step = change_preferences(read, {"profiling": False}, world.clock.now())
    assert step is not None
    commit_step(world.store, read, step)

    assert world.curator.refresh(read)
    assert {own.reason.kind for own in world.member("ada").offers} == {"popular"}


def test_who_leaves_elite_meanwhile_gets_nothing(world: Refreshes) -> None:
    world.offer("milk")
    read = world.likes("ada", "milk")
    left = replace(read, version=read.version + 1, status="left")
    world.store.commit(MemberChange(left, expected_version=read.version))
    assert not world.curator.refresh(read)
    with pytest.raises(MemberNotFound):
        world.curator.curate("ada")


def test_a_member_who_is_not_in_elite_is_left_alone(world: Refreshes) -> None:
    world.offer("milk")
    world.likes("ada", "milk", status="prospect")
    assert not world.curator.curate("ada")


def test_who_cannot_be_curated_is_named_and_nobody_else_waits(world: Refreshes) -> None:
    world.offer("milk")
    world.likes("ada", "milk")
    world.likes("broken", tastes=Tastes(DAY, (Taste("milk", "much", 1),)))  # type: ignore[arg-type]
    world.refresh_shards()
    report = summarize_refresh("r-1", reports=world.reports, clock=world.clock)
    assert report.failed == ("broken",)
    assert world.shown("ada") == ["milk"]


def test_a_refresh_without_all_shards_is_not_summed_up(world: Refreshes) -> None:
    world.likes("ada", "milk")
    refresh_shard(
        "r-1",
        member_shard("ada") % REFRESH_SHARDS,
        store=world.store,
        curator=world.curator,
        reports=world.reports,
    )
    with pytest.raises(RefreshIncomplete):
        summarize_refresh("r-1", reports=world.reports, clock=world.clock)


def test_every_start_is_one_of_its_own(world: Refreshes) -> None:
    ids = {start_refresh(executions=world.executions).refresh_id for _ in range(2)}
    assert len(ids) == 2
