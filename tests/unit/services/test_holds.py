"""More earning orders a day on one card than the program allows are held for a look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.domain.tasks import Decision
from loyalty.services.evaluate_member import (
    get_recent_transactions,
    retrieve_customer_profile,
    update_points_balance,
)
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    """Ada earned on two orders today, which is as many as the program allows."""
    shop = Shop(replace(PROGRAM, earns_per_card_and_day=2))
    shop.a_member("ada")
    buy(shop, "O-1")
    buy(shop, "O-2")
    return shop


@pytest.fixture
def monthly() -> Shop:
    """As `shop`, in a program whose points are posted by the month's evaluation."""
    shop = Shop(replace(PROGRAM, earns_per_card_and_day=2, accrual_mode="monthly"))
    shop.a_member("ada")
    buy(shop, "O-1")
    buy(shop, "O-2")
    return shop


def evaluate(shop: Shop) -> int:
    """Post what March lacks, and return the points."""
    ports: dict[str, Any] = {"store": shop.store, "program": shop.program, "clock": shop.clock}
    shop.clock.at = datetime(2017, 4, 3, 1, tzinfo=UTC)
    ada = shop.id_of("ada")
    member = retrieve_customer_profile(ada, "2017-03", **ports).member
    assert member is not None
    transactions = get_recent_transactions(ada, "2017-03", "month", **ports)
    return update_points_balance(member, "2017-03", transactions, **ports).points_posted


def buy(shop: Shop, order_id: str, card: str = "ada", amount_minor: int = 10_000) -> None:
    order = an_order(order_id, amount_minor, occurred_at=shop.clock.now())
    shop.sell(order, customer(card=card))


def points(shop: Shop) -> tuple[int, int]:
    account = shop.member(shop.id_of("ada")).account
    return account.points_available, account.points_pending


def after_the_return_window(shop: Shop) -> None:
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()


def test_the_one_too_many_is_held_and_opens_a_task(shop: Shop) -> None:
    assert shop.store.tasks == {}
    buy(shop, "O-3")
    (task,) = shop.store.tasks.values()
    assert (task.kind, task.member_ids, task.cause) == (
        "fraud_review",
        (shop.id_of("ada"),),
        "order/pos/O-3",
    )
    assert "ada" not in str(task.data)
    after_the_return_window(shop)
    assert points(shop) == (20, 10)
    shop.require_sound_books()


def test_each_card_and_each_day_is_counted_apart(shop: Shop) -> None:
    ada = shop.id_of("ada")
    shop.sell(an_order("O-3"), customer(ada, card="adas-second"))
    shop.sell(an_order("O-4"), customer(ada))
    shop.clock.advance(timedelta(days=1))
    buy(shop, "O-5")
    assert shop.store.tasks == {}


def test_orders_without_a_card_are_not_suspicious(shop: Shop) -> None:
    ada = shop.id_of("ada")
    for number in range(10, 20):
        shop.sell(an_order(f"O-{number}"), customer(ada))
    assert shop.store.tasks == {}


def test_orders_that_earn_nothing_or_are_history_are_not_suspicious(shop: Shop) -> None:
    buy(shop, "O-3", amount_minor=1)
    shop.sell(an_order("O-4", historic=True), customer(card="ada"))
    assert shop.store.tasks == {}


@pytest.mark.parametrize("in_time", [True, False])
def test_a_yes_releases_at_the_normal_time(shop: Shop, in_time: bool) -> None:
    buy(shop, "O-3")
    if in_time:
        shop.decide_hold("approved")
        assert points(shop) == (0, 30)
        after_the_return_window(shop)
    else:
        after_the_return_window(shop)
        assert points(shop) == (20, 10)
        shop.decide_hold("approved")
    assert points(shop) == (30, 0)
    shop.require_sound_books()


def test_a_no_takes_the_points_back_and_returns_ask_for_nothing(shop: Shop) -> None:
    buy(shop, "O-3")
    shop.take_back(money_back(4_000, "R-1"), order_id="O-3")
    assert points(shop) == (0, 26)
    shop.decide_hold("rejected")
    shop.decide_hold("rejected")
    assert points(shop) == (0, 20)
    answer = shop.take_back(money_back(6_000, "R-2"), order_id="O-3").answer
    assert answer["points_reversed"] == 0
    assert points(shop) == (0, 20)
    (month,) = shop.member(shop.id_of("ada")).months
    assert (month.points_due, month.points_posted, month.returned_minor) == (20, 20, 10_000)
    shop.require_sound_books()


def test_where_a_month_posts_the_points_the_one_too_many_is_held_too(monthly: Shop) -> None:
    buy(monthly, "O-3")
    (task,) = monthly.store.tasks.values()
    assert (task.kind, task.cause) == ("fraud_review", "order/pos/O-3")
    assert evaluate(monthly) == 20
    monthly.clock.advance(timedelta(days=60))
    monthly.release_what_is_due()
    assert points(monthly) == (20, 10)
    monthly.require_sound_books()


@pytest.mark.parametrize("evaluated_first", [True, False])
@pytest.mark.parametrize(("decision", "posted"), [("approved", 30), ("rejected", 20)])
def test_a_decision_on_a_month_s_held_points_is_whole_whenever_it_comes(
    monthly: Shop, decision: Decision, posted: int, *, evaluated_first: bool
) -> None:
    buy(monthly, "O-3")
    if evaluated_first:
        evaluate(monthly)
    monthly.decide_hold(decision)
    evaluate(monthly)
    assert sum(points(monthly)) == posted
    assert evaluate(monthly) == 0
    (month,) = monthly.member(monthly.id_of("ada")).months
    assert (month.points_due, month.points_posted) == (posted, posted)
    monthly.require_sound_books()


def test_a_return_of_a_month_s_held_order_takes_the_held_points(monthly: Shop) -> None:
    buy(monthly, "O-3")
    answer = monthly.take_back(money_back(4_000), order_id="O-3").answer
    assert answer["points_reversed"] == 4
    assert points(monthly) == (0, 6)
    monthly.decide_hold("rejected")
    assert evaluate(monthly) == 20
    assert sum(points(monthly)) == 20
    monthly.require_sound_books()


def test_a_return_takes_held_points_first(shop: Shop) -> None:
    buy(shop, "O-3")
    shop.take_back(money_back(10_000), order_id="O-3")
    assert points(shop) == (0, 20)
    shop.decide_hold("approved")
    assert points(shop) == (0, 20)
    shop.require_sound_books()


def test_a_return_after_the_yes_takes_them_where_they_are(shop: Shop) -> None:
    buy(shop, "O-3")
    shop.decide_hold("approved")
    after_the_return_window(shop)
    shop.take_back(money_back(10_000, at=NOW), order_id="O-3")
    assert points(shop) == (20, 0)
    shop.require_sound_books()
