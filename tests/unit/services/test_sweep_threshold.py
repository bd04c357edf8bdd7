"""A lowered threshold: whoever is past it crosses, once, without buying anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.contracts.facts import event_of
from loyalty.domain.member import EliteStatus
from loyalty.domain.orders import OrderKey
from loyalty.services.journey_start import assign_variant
from loyalty.services.ports import MEMBER_SHARDS, ChangeRefused, MemberChange
from loyalty.services.shards import member_shard
from loyalty.services.sweep_threshold import (
    FAILED_KEPT,
    SWEPT_PROGRAM,
    summarize_sweep,
)
from tests.support.examples import NOW, an_order
from tests.support.shop import customer
from tests.support.swept_shop import HOUR, SweptShop


@pytest.fixture
def program() -> SweptShop:
    return SweptShop()


class TestWhoCrosses:
    @pytest.mark.parametrize(
        ("spend_minor", "crosses"), [(30_000, True), (29_999, False), (49_999, True)]
    )
    def test_whoever_has_spent_the_lower_threshold(
        self, program: SweptShop, spend_minor: int, crosses: bool
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

    def test_the_crossing_is_that_of_an_order_with_its_cause(self, program: SweptShop) -> None:
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

    def test_each_variant_has_its_own_threshold(self, program: SweptShop) -> None:
        standard = program.a_customer(40_000)
        held_out = program.a_customer(40_000, "hold_out")
        program.save(50_000, hold_out_minor=30_000)
        report = program.sweep()
        assert report is not None
        assert report.crossed == 1
        assert program.crossings(standard) == []
        [crossing] = program.crossings(held_out)
        assert crossing["variant"] == "hold_out"

    def test_a_hold_out_is_kept_out_of_the_journey(self, program: SweptShop) -> None:
        member_id = program.a_customer(40_000, "hold_out")
        program.save(30_000)
        program.sweep()
        shop = program.shop
        ports = {"store": shop.store, "program": shop.program, "clock": shop.clock}
        assert assign_variant(member_id, **ports).held_out
        assert len(program.crossings(member_id)) == 1

    def test_a_member_crosses_like_a_prospect(self, program: SweptShop) -> None:
        member_id = program.a_customer(40_000, joined_at=NOW)
        program.save(30_000)
        program.sweep()
        assert len(program.crossings(member_id)) == 1

    @pytest.mark.parametrize("status", ["left", "merged", "erased"])
    def test_whoever_is_gone_stays_so(self, program: SweptShop, status: EliteStatus) -> None:
        member_id = program.a_customer(40_000, status=status)
        program.save(30_000)
        program.sweep()
        assert program.crossings(member_id) == []

    def test_whoever_crossed_before_does_not_again(self, program: SweptShop) -> None:
        member_id = program.a_customer(60_000)
        program.save(30_000)
        program.sweep()
        assert len(program.crossings(member_id)) == 1

    @pytest.mark.parametrize(("days", "crosses"), [(30, True), (31, False)])
    def test_nobody_is_invited_for_what_was_bought_long_ago(
        self, program: SweptShop, days: int, crosses: bool
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

    def test_the_latest_order_counts(self, program: SweptShop) -> None:
        member_id = program.a_customer(40_000)
        program.shop.clock.advance(timedelta(days=60))
        now = program.shop.clock.now()
        program.shop.sell(an_order("new", 1, occurred_at=now), customer(member_id))
        old = an_order("old", 1, occurred_at=NOW - timedelta(days=900), historic=True)
        program.shop.sell(old, customer(member_id))
        program.save(30_000)
        program.sweep()
        assert program.shop.member(member_id).crossing_order == OrderKey("pos", "new")

    def test_whoever_does_not_cross_costs_no_request_of_their_own(self, program: SweptShop) -> None:
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


class TestTwice:
    def test_running_a_shard_again_changes_nothing(self, program: SweptShop) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)
        program.shop.clock.advance(HOUR)
        program.sweep_shard(member_shard(member_id))
        after = program.shop.member(member_id)
        program.sweep_shard(member_shard(member_id), "another")
        assert program.shop.member(member_id) == after
        assert len(program.crossings(member_id)) == 1

    def test_an_order_that_crosses_meanwhile_is_the_crossing(self, program: SweptShop) -> None:
        member_id = program.a_customer(40_000)
        program.save(30_000)
        order = an_order("faster", 1, occurred_at=program.shop.clock.now())
        program.shop.store.meanwhile = lambda: program.shop.sell(order, customer(member_id))
        report = program.sweep()
        assert report is not None
        assert (report.crossed, report.failed) == (0, ())
        [crossing] = program.crossings(member_id)
        assert (crossing["order_id"], "cause" in crossing) == ("faster", False)

    def test_an_order_that_comes_meanwhile_under_a_raised_threshold(
        self, program: SweptShop
    ) -> None:
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

    def test_an_older_sweep_that_ends_last_takes_nothing_back(self, program: SweptShop) -> None:
        program.save(40_000)
        program.save(30_000)
        assert program.sweep() is not None
        summarize_sweep("s-1", 2, reports=program.reports, clock=program.shop.clock)
        assert program.reports.get(SWEPT_PROGRAM, "latest") == {"program_version": 3}


class TestFailures:
    def test_one_member_does_not_stop_the_others(
        self, program: SweptShop, monkeypatch: pytest.MonkeyPatch
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
        self, program: SweptShop, monkeypatch: pytest.MonkeyPatch
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
        self, program: SweptShop, monkeypatch: pytest.MonkeyPatch
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
