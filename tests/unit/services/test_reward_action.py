"""What members do beside buying earns points, so many times a calendar year."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.contracts.points import ActionAnswer
from loyalty.domain.errors import (
    ActionConflict,
    ActionLimitReached,
    ActionNotRewarded,
    FutureDate,
    MemberNotFound,
    NotEnrolled,
    OwnAccount,
    SwitchedOff,
)
from loyalty.domain.program import ActionReward
from loyalty.services.reward_action import reward_action
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.shop import Shop, customer

REWARDS = (ActionReward("review", points=5, per_year_limit=2),)
NEW_YEAR = datetime(2017, 12, 31, 23, tzinfo=UTC)  # in Berlin


def a_shop(*rewards: ActionReward, points_enabled: bool = True) -> Shop:
    return Shop(replace(PROGRAM, action_rewards=rewards, points_enabled=points_enabled))


@pytest.fixture
def shop() -> Shop:
    return a_shop(*REWARDS)


@pytest.fixture
def ada(shop: Shop) -> str:
    return shop.a_member()


def reward(
    shop: Shop,
    member_id: str,
    action_id: str = "R-1",
    *,
    action: str = "review",
    at: datetime | None = None,
    by: str | None = None,
) -> ActionAnswer:
    return reward_action(
        member_id,
        action=action,
        action_id=action_id,
        occurred_at=at or shop.clock.now(),
        made_by="shop",
        own_member_id=by,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def test_an_action_earns_points_at_once_and_once(shop: Shop, ada: str) -> None:
    shop.store.requests = 0
    first = reward(shop, ada)
    assert shop.store.requests == 3
    assert (first.points, first.points_available) == (5, 5)
    assert reward(shop, ada) == first
    assert shop.store.requests == 4
    (entry,) = shop.store.ledger.values()
    assert (entry.kind, entry.business_key) == ("accrual", "action/review/R-1")
    assert [due.member_id for due in shop.due("expiry")] == [ada]
    shop.require_sound_books()


def test_there_are_so_many_a_calendar_year(shop: Shop, ada: str) -> None:
    shop.clock.at = NEW_YEAR - timedelta(days=1)
    reward(shop, ada, "R-1")
    reward(shop, ada, "R-2")
    with pytest.raises(ActionLimitReached):
        reward(shop, ada, "R-3")
    shop.clock.at = NEW_YEAR
    reward(shop, ada, "R-3")
    with pytest.raises(ActionLimitReached):
        reward(shop, ada, "R-4", at=NEW_YEAR - timedelta(seconds=1))
    assert shop.member(ada).action_counts == {"2017/review": 2, "2018/review": 1}


def test_the_limit_holds_when_two_race(shop: Shop, ada: str) -> None:
    reward(shop, ada, "R-1")
    shop.store.meanwhile = lambda: reward(shop, ada, "R-2")
    with pytest.raises(ActionLimitReached):
        reward(shop, ada, "R-3")
    assert shop.member(ada).account.points_available == 10


def test_years_long_past_are_neither_counted_nor_kept(shop: Shop, ada: str) -> None:
    reward(shop, ada, "R-1")
    shop.clock.at = NEW_YEAR + timedelta(days=365)
    with pytest.raises(ActionNotRewarded):
        reward(shop, ada, "R-2", at=NEW_YEAR - timedelta(days=1))
    reward(shop, ada, "R-3")
    assert shop.member(ada).action_counts == {"2019/review": 1}


def test_the_same_id_is_one_action(shop: Shop, ada: str) -> None:
    reward(shop, ada)
    with pytest.raises(ActionConflict):
        reward(shop, ada, action="birthday")


def test_nobody_rewards_their_own_account(shop: Shop, ada: str) -> None:
    old = shop.a_member("old")
    shop.merge(ada, old)
    for member_id in (ada, old):
        with pytest.raises(OwnAccount):
            reward(shop, member_id, by=ada)
    assert reward(shop, ada, by="somebody else").points == 5


def test_what_has_no_reward_is_refused(shop: Shop, ada: str) -> None:
    with pytest.raises(ActionNotRewarded):
        reward(shop, ada, action="birthday")
    with pytest.raises(FutureDate):
        reward(shop, ada, at=NOW + timedelta(minutes=6))
    with pytest.raises(NotEnrolled):
        reward(shop, ada, at=NOW - timedelta(days=1))
    with pytest.raises(MemberNotFound):
        reward(shop, "nobody")
    prospect = str(shop.sell(an_order(), customer(card="1")).answer["member_id"])
    with pytest.raises(NotEnrolled):
        reward(shop, prospect)
    assert shop.store.guards == {}


def test_a_program_without_points_rewards_nothing() -> None:
    shop = a_shop(*REWARDS, ActionReward("sign_up", 50, 1), points_enabled=False)
    ada = shop.a_member()
    with pytest.raises(SwitchedOff):
        reward(shop, ada)
    assert shop.store.ledger == {}


def test_signing_up_is_rewarded_by_itself_once() -> None:
    shop = a_shop(ActionReward("sign_up", 50, 1))
    first = shop.enrol(customer(card="4711"))
    assert first.member.points_available == 50
    ada = first.member.member_id
    assert shop.enrol(customer(card="4711")).member.points_available == 50
    with pytest.raises(ActionLimitReached):
        reward(shop, ada, action="sign_up", action_id="another")
    assert [due.member_id for due in shop.due("expiry")] == [ada]
    shop.require_sound_books()
