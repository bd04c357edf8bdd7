"""A lowered threshold: whoever is past it crosses, once, without buying anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from loyalty.contracts.facts import event_of
from loyalty.contracts.sweeps import SweepReport
from loyalty.domain.journey import draw_variant
from loyalty.domain.member import EliteStatus
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.services.journey_start import assign_variant
from loyalty.services.ports import MEMBER_SHARDS, ChangeRefused, MemberChange
from loyalty.services.shards import member_shard
from loyalty.services.sweep_threshold import (
    FAILED_KEPT,
    SWEPT_PROGRAM,
    SweepIncomplete,
    plan_sweep,
    summarize_sweep,
    sweep_shard,
)
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.job_fakes import FakeReports
from tests.support.shop import Shop, customer

BUILT_IN = replace(PROGRAM, version=0, effective_from=datetime(1970, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


class Program:
    """A shop whose thresholds change, and the sweep as its state machine does it."""

    def __init__(self) -> None:
        self.shop = Shop(BUILT_IN, PROGRAM)
        self.reports = FakeReports()
        self._numbers = count(1)

    def save(
        self, standard_minor: int, hold_out_minor: int | None = None, *, after: timedelta = HOUR * 0
    ) -> None:
        """Save a version with other thresholds."""
        standard, hold_out = PROGRAM.variants
        self._save(
            after,
            variants=(
                replace(standard, threshold_minor=standard_minor),
                replace(hold_out, threshold_minor=hold_out_minor or standard_minor),
            ),
        )

    def save_something_else(self) -> None:
        """Save a version with the thresholds of the latest."""
        self._save(HOUR * 0, invites_per_hour=7)

    def _save(self, after: timedelta, **changes: Any) -> None:
        latest: ProgramDefinition = self.shop.program.definitions[-1]
        effective_from = self.shop.clock.now() + after
        changed = replace(
            latest, version=latest.version + 1, effective_from=effective_from, **changes
        )
        self.shop.program.definitions.append(changed)

    def a_customer(self, spend_minor: int, variant: str = "standard", **fields: Any) -> str:
        """Return a customer of a variant, who has just spent something."""
        while True:
            number = next(self._numbers)
            order = an_order(f"O-{number}", spend_minor, occurred_at=self.shop.clock.now())
            answer = self.shop.sell(order, customer(card=str(number))).answer
            member_id = str(answer["member_id"])
            if draw_variant(PROGRAM, member_id).name == variant:
                member = self.shop.member(member_id)
                self.shop.store.members[member_id] = replace(member, **fields)
                return member_id
            del self.shop.store.members[member_id]

    def plan(self, sweep_id: str = "s-1") -> tuple[int, ...]:
        ports = {"program": self.shop.program, "reports": self.reports, "clock": self.shop.clock}
        return plan_sweep(sweep_id, **ports).shards

    def sweep(self, sweep_id: str = "s-1") -> SweepReport | None:
        """Do what the state machine does, an hour later."""
        self.shop.clock.advance(HOUR)
        version = self.shop.program.current(self.shop.clock.now()).version
        shards = self.plan(sweep_id)
        if not shards:
            return None
        for shard in shards:
            self.sweep_shard(shard, sweep_id)
        return summarize_sweep(sweep_id, version, reports=self.reports, clock=self.shop.clock)

    def sweep_shard(self, shard: int, sweep_id: str = "s-1") -> None:
        sweep_shard(
            sweep_id,
            shard,
            store=self.shop.store,
            program=self.shop.program,
            reports=self.reports,
            clock=self.shop.clock,
        )

    def crossings(self, member_id: str) -> list[dict[str, Any]]:
        """Return what each of a customer's crossings says."""
        changes, _ = self.shop.store.status_changes(member_id, limit=100)
        return [dict(made.data) for made in changes if made.event == "ThresholdCrossed"]


@pytest.fixture
def program() -> Program:
    program = Program()
    program.sweep()
    return program


class TestWhoCrosses:
    @pytest.mark.parametrize(
        ("spend_minor", "crosses"), [(30_000, True), (29_999, False), (49_999, True)]
    )
    def test_whoever_has_spent_the_lower_threshold(
        self, program: Program, spend_minor: int, crosses: bool
    ) -> None:
        member_id = program.a_customer(spend_minor)
        before = program.shop.member(member_id)
        program.save(30_000)
        report = program.sweep()
        assert report is not None
        assert (report.looked_at, report.crossed, report.too_long_ago) == (1, crosses, 0)
        after = program.shop.member(member_id)
        assert after.version == before.version + crosses
        assert (after.threshold_crossed_at is not None) is crosses
        assert after.status == "prospect"

    def test_the_crossing_is_that_of_an_order_with_its_cause(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        [order], _ = program.shop.store.orders(member_id, limit=1)
        program.save(30_000)
        program.sweep()
        member = program.shop.member(member_id)
        assert member.crossing_order == order.key
        assert (member.variant, member.journey_program_version) == ("standard", 2)
        assert member.threshold_crossed_at == program.shop.clock.now()
        [fact], _ = program.shop.store.status_changes(member_id, limit=1)
        assert fact.data == {
            "source": order.key.source,
            "order_id": order.key.order_id,
            "variant": "standard",
            "program_version": 2,
            "lifetime_spend_minor": 40_000,
            "cause": "lowered_threshold",
        }
        assert event_of(fact, "e-1").metadata.correlation_id == "program/2"

    def test_each_variant_has_its_own_threshold(self, program: Program) -> None:
        standard = program.a_customer(40_000)
        held_out = program.a_customer(40_000, "hold_out")
        program.save(50_000, hold_out_minor=30_000)
        report = program.sweep()
        assert report is not None
        assert report.crossed == 1
        assert program.crossings(standard) == []
        [crossing] = program.crossings(held_out)
        assert crossing["variant"] == "hold_out"

    def test_a_hold_out_is_kept_out_of_the_journey(self, program: Program) -> None:
        member_id = program.a_customer(40_000, "hold_out")
        program.save(30_000)
        program.sweep()
        shop = program.shop
        ports = {"store": shop.store, "program": shop.program, "clock": shop.clock}
        assert assign_variant(member_id, **ports).held_out
        assert len(program.crossings(member_id)) == 1

    def test_a_member_crosses_like_a_prospect(self, program: Program) -> None:
        member_id = program.a_customer(40_000, joined_at=NOW)
        program.save(30_000)
        program.sweep()
        assert len(program.crossings(member_id)) == 1

    @pytest.mark.parametrize("status", ["left", "merged", "erased"])
    def test_whoever_is_gone_stays_so(self, program: Program, status: EliteStatus) -> None:
        member_id = program.a_customer(40_000, status=status)
        program.save(30_000)
        program.sweep()
        assert program.crossings(member_id) == []

    def test_whoever_crossed_before_does_not_again(self, program: Program) -> None:
        member_id = program.a_customer(60_000)
        program.save(30_000)
        program.sweep()
        assert len(program.crossings(member_id)) == 1

    @pytest.mark.parametrize(("days", "crosses"), [(30, True), (31, False)])
    def test_nobody_is_invited_for_what_was_bought_long_ago(
        self, program: Program, days: int, crosses: bool
    ) -> None:
        member_id = program.a_customer(40_000)
        program.shop.clock.advance(timedelta(days=days) - HOUR)
        program.save(30_000)
        report = program.sweep()
        assert report is not None
        assert (report.crossed, report.too_long_ago) == (crosses, not crosses)
        if not crosses:
            again = an_order("again", 1, occurred_at=program.shop.clock.now())
            assert program.shop.sell(again, customer(member_id)).answer["threshold_crossed"]
        assert len(program.crossings(member_id)) == 1

    def test_the_latest_order_counts(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.shop.clock.advance(timedelta(days=60))
        now = program.shop.clock.now()
        program.shop.sell(an_order("new", 1, occurred_at=now), customer(member_id))
        old = an_order("old", 1, occurred_at=NOW - timedelta(days=900), historic=True)
        program.shop.sell(old, customer(member_id))
        program.save(30_000)
        program.sweep()
        assert program.shop.member(member_id).crossing_order == OrderKey("pos", "new")

    def test_whoever_does_not_cross_costs_no_request_of_their_own(self, program: Program) -> None:
        for spend_minor in (1, 29_999, 60_000, 30_000):
            program.a_customer(spend_minor)
        program.save(30_000)
        program.shop.clock.advance(HOUR)
        program.shop.store.requests = 0
        for each in range(MEMBER_SHARDS):
            program.sweep_shard(each)
        batch_reads = len({member_shard(known) for known in program.shop.store.members})
        a_crossing = 1 + 2 + 1
        assert program.shop.store.requests == batch_reads + a_crossing


class TestWhenASweepIsOwed:
    def test_never_before_a_version_was_saved(self) -> None:
        program = Program()
        program.shop.program.definitions = [BUILT_IN]
        program.a_customer(40_000)
        assert program.plan() == ()
        assert program.reports.documents == {}

    def test_for_the_first_version_that_is_lower_than_the_built_in_one(self) -> None:
        program = Program()
        program.shop.program.definitions = [BUILT_IN]
        member_id = program.a_customer(40_000)
        program.save(30_000)
        assert program.sweep() is not None
        assert len(program.crossings(member_id)) == 1

    def test_from_the_version_s_time_on(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000, after=HOUR * 3)
        for _ in range(3):
            assert program.sweep() is None
        assert program.crossings(member_id) == []
        assert program.sweep() is not None
        assert len(program.crossings(member_id)) == 1

    def test_a_first_version_of_later_waits_for_its_time(self) -> None:
        program = Program()
        program.shop.program.definitions = [BUILT_IN]
        program.save(30_000, after=HOUR * 2)
        # Stores take the first version for the one in force before its time, too.
        program.shop.program.definitions = program.shop.program.definitions[1:]
        assert program.plan() == ()

    def test_only_when_no_copy_of_the_program_can_be_older(self, program: Program) -> None:
        program.save(30_000)
        program.shop.clock.advance(timedelta(minutes=5) - timedelta(microseconds=1))
        assert program.plan() == ()
        program.shop.clock.advance(timedelta(microseconds=1))
        assert program.plan() == tuple(range(MEMBER_SHARDS))

    def test_not_when_the_threshold_is_raised(self, program: Program) -> None:
        member_id = program.a_customer(49_999)
        program.save(60_000)
        assert program.sweep() is None
        assert program.crossings(member_id) == []

    def test_not_when_something_else_changes(self, program: Program) -> None:
        program.save_something_else()
        assert program.sweep() is None

    def test_when_a_raised_one_is_lowered_again(self, program: Program) -> None:
        program.save(60_000)
        program.sweep()
        member_id = program.a_customer(55_000)
        program.save(50_000)
        assert program.sweep() is not None
        assert len(program.crossings(member_id)) == 1

    def test_when_it_was_raised_and_lowered_between_two_plans(self, program: Program) -> None:
        program.save(60_000)
        member_id = program.a_customer(55_000)
        program.save(50_000)
        program.save_something_else()
        assert program.sweep() is not None
        assert len(program.crossings(member_id)) == 1

    def test_not_when_a_lowered_one_was_taken_back_in_time(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)
        program.save(50_000)
        assert program.sweep() is None
        assert program.crossings(member_id) == []

    def test_once(self, program: Program) -> None:
        program.save(30_000)
        assert program.sweep() is not None
        assert program.sweep() is None

    def test_again_when_a_sweep_stopped(self, program: Program) -> None:
        first, second = program.a_customer(40_000), program.a_customer(40_001)
        program.save(30_000)
        program.shop.clock.advance(HOUR)
        program.sweep_shard(member_shard(first), "stopped")
        with pytest.raises(SweepIncomplete):
            summarize_sweep("stopped", 2, reports=program.reports, clock=program.shop.clock)
        assert program.sweep("next") is not None
        assert [len(program.crossings(each)) for each in (first, second)] == [1, 1]
        assert program.plan() == ()


class TestTwice:
    def test_running_a_shard_again_changes_nothing(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)
        program.shop.clock.advance(HOUR)
        program.sweep_shard(member_shard(member_id))
        after = program.shop.member(member_id)
        program.sweep_shard(member_shard(member_id), "another")
        assert program.shop.member(member_id) == after
        assert len(program.crossings(member_id)) == 1

    def test_an_order_that_crosses_meanwhile_is_the_crossing(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)
        order = an_order("faster", 1, occurred_at=program.shop.clock.now())
        program.shop.store.meanwhile = lambda: program.shop.sell(order, customer(member_id))
        report = program.sweep()
        assert report is not None
        assert (report.crossed, report.failed) == (0, ())
        [crossing] = program.crossings(member_id)
        assert (crossing["order_id"], "cause" in crossing) == ("faster", False)

    def test_an_order_that_comes_meanwhile_under_a_raised_threshold(self, program: Program) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)

        def raise_the_threshold_and_buy() -> None:
            program.save(45_000)
            order = an_order("meanwhile", 1, occurred_at=program.shop.clock.now())
            program.shop.sell(order, customer(member_id))

        program.shop.store.meanwhile = raise_the_threshold_and_buy
        report = program.sweep()
        assert report is not None
        assert report.crossed == 0
        assert program.crossings(member_id) == []

    def test_an_older_sweep_that_ends_last_takes_nothing_back(self, program: Program) -> None:
        program.save(40_000)
        program.save(30_000)
        assert program.sweep() is not None
        summarize_sweep("s-1", 2, reports=program.reports, clock=program.shop.clock)
        assert program.reports.get(SWEPT_PROGRAM, "latest") == {"program_version": 3}


class TestFailures:
    def test_one_member_does_not_stop_the_others(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        busy = program.a_customer(40_000)
        other = program.a_customer(40_000)
        while member_shard(other) != member_shard(busy) or other < busy:
            other = program.a_customer(40_000)
        commit = program.shop.store.commit

        def refuse_one(change: MemberChange) -> None:
            if change.member is not None and change.member.member_id == busy:
                raise ChangeRefused("TransactionConflict")
            commit(change)

        program.save(30_000)
        monkeypatch.setattr(program.shop.store, "commit", refuse_one)
        report = program.sweep()
        assert report is not None
        assert report.failed == (busy,)
        assert len(program.crossings(other)) == 1

        monkeypatch.setattr(program.shop.store, "commit", commit)
        again = program.sweep("again")
        assert again is not None
        assert (again.crossed, again.failed) == (1, ())
        assert len(program.crossings(busy)) == 1
        assert program.plan() == ()

    def test_a_member_whose_order_cannot_be_read_is_named(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        member_id = program.a_customer(40_000)

        def unreadable(*_: object, **__: object) -> None:
            raise KeyError("order")

        monkeypatch.setattr(program.shop.store, "orders", unreadable)
        program.save(30_000)
        report = program.sweep()
        assert report is not None
        assert report.failed == (member_id,)

    def test_the_report_stays_small_however_many_fail(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(FAILED_KEPT + 1):
            program.a_customer(40_000)
        program.save(30_000)

        def refuse(change: MemberChange) -> None:
            raise ChangeRefused("TransactionConflict")

        monkeypatch.setattr(program.shop.store, "commit", refuse)
        report = program.sweep()
        assert report is not None
        assert len(report.failed) == FAILED_KEPT
