"""Points become available when their return window has ended, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.contracts.values import iso
from loyalty.services.due_points import plan_due_points, work_through_shard
from loyalty.services.ports import DUE_SHARDS, Due
from loyalty.services.release_points import release
from loyalty.services.shards import due_shard
from tests.support.examples import NOW, an_order
from tests.support.fakes import FakeClock
from tests.support.job_fakes import FakeQueue
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    return Shop()


def release_everything(shop: Shop, *, limit: int = 200) -> int:
    queue = FakeQueue()
    return sum(
        work_through_shard(
            "release",
            shard,
            shop.clock.now(),
            store=shop.store,
            clock=shop.clock,
            queue=queue,
            limit=limit,
        )
        for shard in range(DUE_SHARDS)
    )


def test_points_become_available_when_their_window_ends(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(), customer(ada))
    (due,) = shop.due()
    shop.clock.at = due.due_at - timedelta(microseconds=1)
    assert release_everything(shop) == 0
    shop.clock.at = due.due_at
    assert release_everything(shop) == 1
    account = shop.member(ada).account
    assert (account.points_available, account.points_pending) == (10, 0)
    assert shop.due() == []
    assert release_everything(shop) == 0
    shop.require_sound_books()


def test_no_window_is_released_before_its_end_whatever_a_message_says(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(), customer(ada))
    far_off = NOW + timedelta(days=365)
    released = work_through_shard(
        "release", due_shard(ada), far_off, store=shop.store, clock=shop.clock, queue=FakeQueue()
    )
    assert released == 0
    assert shop.member(ada).account.points_pending == 10


def test_a_window_is_released_once(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(), customer(ada))
    (due,) = shop.due()
    shop.clock.at = due.due_at
    shop.store.meanwhile = lambda: release(due, store=shop.store, clock=shop.clock)
    assert release(due, store=shop.store, clock=shop.clock) is False
    assert shop.member(ada).account.points_available == 10
    assert len(shop.store.ledger) == 2


def test_a_window_whose_points_were_taken_back_posts_nothing(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order(amount_minor=10_000), customer(ada))
    shop.take_back(money_back(10_000))
    (due,) = shop.due()
    shop.clock.at = due.due_at
    assert release_everything(shop) == 1
    assert [entry.kind for entry in shop.store.ledger.values()] == ["accrual", "reversal"]
    assert shop.member(ada).account.pending == ()
    shop.require_sound_books()


def test_an_order_after_a_returned_one_of_the_same_day_is_released_too(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1", amount_minor=10_000), customer(ada))
    shop.take_back(money_back(10_000))
    shop.sell(an_order("O-2", amount_minor=20_000), customer(ada))
    shop.clock.advance(timedelta(days=20))
    release_everything(shop)
    assert shop.member(ada).account.points_available == 20


def test_a_window_that_opens_again_meanwhile_stays_due(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    (due,) = shop.due()
    # A clock that is ahead of the till's.
    ahead = FakeClock(due.due_at)
    release(due, store=shop.store, clock=ahead)
    shop.store.due_items.add(due)
    shop.store.meanwhile = lambda: shop.sell(an_order("O-2"), customer(ada))
    assert release(due, store=shop.store, clock=ahead) is True
    assert shop.member(ada).account.points_available == 20
    shop.require_sound_books()


def test_who_is_gone_is_struck_off(shop: Shop) -> None:
    due = Due("release", NOW, "nobody")
    shop.store.due_items.add(due)
    assert release_everything(shop) == 0
    assert shop.due() == []


def test_a_large_shard_is_queued_again(shop: Shop) -> None:
    ada = shop.a_member()
    for day in range(3):
        at = NOW + timedelta(days=day)
        shop.clock.at = at
        shop.sell(an_order(f"O-{day}", occurred_at=at), customer(ada))
    shop.clock.advance(timedelta(days=30))
    queue = FakeQueue()
    until = shop.clock.now()

    def work() -> int:
        return work_through_shard(
            "release",
            due_shard(ada),
            until,
            store=shop.store,
            clock=shop.clock,
            queue=queue,
            limit=2,
        )

    assert work() == 2
    assert queue.messages == [
        {"kind": "release", "shard": due_shard(ada), "until": "2017-04-16T12:00:00Z"}
    ]
    assert work() == 1
    assert len(queue.messages) == 1


def test_the_plan_has_only_the_kinds_and_shards_in_which_something_is_due(shop: Shop) -> None:
    ada = shop.a_member()
    shop.sell(an_order("O-1"), customer(ada))
    queue = FakeQueue()
    plan_due_points(store=shop.store, clock=shop.clock, queue=queue)
    assert queue.messages == []
    shop.clock.advance(timedelta(days=30))
    plan_due_points(store=shop.store, clock=shop.clock, queue=queue)
    assert queue.messages == [
        {"kind": "release", "shard": due_shard(ada), "until": iso(shop.clock.now())}
    ]
