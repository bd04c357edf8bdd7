"""The independent recomputation, on a year of two orders that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from local.replay.behaviour import GoodsBack
from local.replay.dataset import Basket, Line
from local.replay.journal import Journal, OfferUsed
from local.replay.recompute import recompute
from local.replay.standings import Decision

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)
PROGRAM: dict[str, Any] = {
    "currency": "USD",
    "earn_rate": "0.10",
    "tier_grace_months": 1,
    "top_offer_uses": 3,
    "tiers": [
        {
            "name": "silver",
            "threshold": 0,
            "multiplier": "1",
            "needs_approval": False,
            "voucher": None,
        },
        {
            "name": "gold",
            "threshold": 5000,
            "multiplier": "2",
            "needs_approval": False,
            "voucher": {"valid_days": 60},
        },
        {
            "name": "platinum",
            "threshold": 9000,
            "multiplier": "3",
            "needs_approval": True,
            "voucher": None,
        },
    ],
    "assignment_seed": "any",
    "variants": [{"name": "only", "weight": 1, "threshold_minor": 5000}],
}
MILK = Line("milk", "DAIRY", 1, 1990)
BEER = Line("beer", "DRINKS", 2, 3010)


def basket(order_id: str, *lines: Line, at: datetime = NOON) -> Basket:
    return Basket(7, order_id, "1", at, lines)


def live(joined_at: datetime | None = NOON) -> pd.DataFrame:
    return pd.DataFrame(
        {"member_id": ["m1"], "joined_at": [pd.Timestamp(joined_at) if joined_at else pd.NaT]},
        index=pd.Index([7], name="household"),
    )


def figures(
    *sent: Basket | GoodsBack,
    joined_at: datetime | None = NOON,
    decisions: tuple[Decision, ...] = (),
    end: datetime = NOON,
) -> dict[str, object]:
    found, _ = recompute(
        Journal(sent=list(sent)),
        live(joined_at),
        PROGRAM,
        decisions=decisions,
        start=datetime(2017, 1, 1, tzinfo=UTC),
        end=end,
    )
    row: dict[str, object] = found.loc[7].to_dict()
    return row


def test_points_are_rounded_down_once_an_order() -> None:
    assert figures(basket("a", MILK, BEER))["points"] == 5
    assert figures(basket("a", MILK), basket("b", BEER))["points"] == 1 + 3


def test_who_has_not_joined_collects_spend_only() -> None:
    found = figures(basket("a", MILK, BEER), joined_at=None)
    assert (found["spend_minor"], found["points"]) == (5000, 0)


def test_the_order_that_reaches_the_threshold_crosses() -> None:
    assert figures(basket("a", MILK), basket("b", BEER))["crossing_order"] == "b"
    assert figures(basket("a", MILK))["crossing_order"] == ""


@pytest.mark.parametrize("is_early", [True, False])
def test_a_return_takes_back_what_its_line_earned(is_early: bool) -> None:
    order = basket("a", MILK, BEER)
    goods = GoodsBack(order, NOON, lines=(BEER,))
    sent = (goods, order) if is_early else (order, goods)
    found = figures(*sent)
    assert (found["spend_minor"], found["points"]) == (1990, 2)
    assert found["crossing_order"] == ("" if is_early else "a")


def test_everything_back_leaves_nothing() -> None:
    order = basket("a", MILK, BEER)
    found = figures(order, GoodsBack(order, NOON, amount_minor=5000))
    assert (found["spend_minor"], found["points"]) == (0, 0)


def test_an_order_sent_twice_counts_once() -> None:
    assert figures(basket("a", MILK), basket("a", MILK))["orders"] == 1


@pytest.mark.parametrize(("taken_back_at", "points"), [(None, 5 + 20), (NOON, 5)])
def test_the_bonus_of_an_offer_is_there_until_the_use_is_taken_back(
    taken_back_at: datetime | None, points: int
) -> None:
    use = OfferUsed(7, "points-20", "a", NOON, 20, taken_back_at)
    found, months = recompute(
        Journal(sent=[basket("a", MILK, BEER)], uses=[use]), live(), PROGRAM, start=NOON, end=NOON
    )
    assert found.loc[7]["points"] == points
    health = months.health("2017-03")
    assert (health["points_distributed"], health["benefit_users"]) == (25, 1)
    assert health["points_taken_back"] == (20 if taken_back_at else 0)
    assert health["offers_used"] == (0 if taken_back_at else 1)


def test_who_accepts_is_judged_by_month() -> None:
    accepted = (7, "accept", 200, datetime(2017, 1, 10, tzinfo=UTC))
    journal = Journal(answers=[accepted], sent=[basket("a", MILK)])
    end = datetime(2017, 4, 3, tzinfo=UTC)
    found, months = recompute(
        journal, live(), PROGRAM, start=datetime(2017, 1, 1, tzinfo=UTC), end=end
    )
    assert found.loc[7][["top", "lapsed", "elite"]].to_list() == ["", "2017-02", "lapsed"]
    assert [months.health(f"2017-0{month}")["lapsed"] for month in (1, 2, 3)] == [0, 1, 0]


class TestTiers:
    """Gold from 50.00 on; the month is judged on the third of the next one at three."""

    MAY = datetime(2017, 5, 4, tzinfo=UTC)

    def test_the_cycle_moves_up_and_gives_a_voucher(self) -> None:
        found = figures(basket("a", MILK, BEER), end=self.MAY)
        assert found["tiers"] == "2017-02:silver 2017-03:gold 2017-04:gold"
        assert found["vouchers"] == "gold 2017-03 issued 2017-06-03"

    def test_a_higher_tier_earns_more_from_the_cycle_on(self) -> None:
        given = datetime(2017, 4, 3, 3, tzinfo=UTC)
        before, after = given - timedelta(seconds=1), given
        sent = (basket("a", MILK, BEER), basket("b", MILK, at=before), basket("c", MILK, at=after))
        assert figures(*sent, end=self.MAY)["points"] == 5 + 1 + 3

    def test_a_voucher_expires(self) -> None:
        found = figures(basket("a", MILK, BEER), end=datetime(2017, 6, 3, tzinfo=UTC))
        assert found["vouchers"] == "gold 2017-03 expired 2017-06-03"

    def test_a_return_undoes_the_upgrade_and_cancels_the_voucher(self) -> None:
        order = basket("a", MILK, BEER)
        back = GoodsBack(order, datetime(2017, 4, 10, tzinfo=UTC), lines=(MILK,))
        found = figures(order, back, end=self.MAY)
        assert found["tiers"] == "2017-02:silver 2017-03:gold 2017-04:silver"
        assert found["vouchers"] == "gold 2017-03 cancelled 2017-06-03"

    @pytest.mark.parametrize(("is_approved", "tier"), [(True, "platinum"), (False, "gold")])
    def test_platinum_waits_for_a_manager(self, is_approved: bool, tier: str) -> None:
        sent = (basket("a", MILK, BEER), basket("b", MILK, BEER))
        decision = Decision(7, is_approved, datetime(2017, 4, 20, tzinfo=UTC))
        assert figures(*sent, end=self.MAY)["tiers"] == "2017-02:silver 2017-03:gold 2017-04:gold"
        decided = figures(*sent, decisions=(decision,), end=self.MAY)
        assert decided["tiers"] == f"2017-02:silver 2017-03:gold 2017-04:{tier}"

    def test_what_was_bought_before_joining_counts_for_no_tier(self) -> None:
        joined_at = NOON + timedelta(days=1)
        found = figures(basket("a", MILK, BEER), joined_at=joined_at, end=self.MAY)
        assert found["tiers"] == "2017-02:silver 2017-03:silver 2017-04:silver"

    def test_everything_back_undoes_one_upgrade_after_the_other(self) -> None:
        sent = (basket("a", MILK, BEER), basket("b", MILK, BEER))
        decision = Decision(7, True, datetime(2017, 4, 20, tzinfo=UTC))
        at = datetime(2017, 4, 25, tzinfo=UTC)
        back = [GoodsBack(order, at, amount_minor=5000) for order in sent]
        one = figures(*sent, back[0], decisions=(decision,), end=self.MAY)
        assert one["tiers"] == "2017-02:silver 2017-03:gold 2017-04:gold"
        assert one["vouchers"] == "gold 2017-03 issued 2017-06-03"
        all_ = figures(*sent, *back, decisions=(decision,), end=self.MAY)
        assert all_["tiers"] == "2017-02:silver 2017-03:gold 2017-04:silver"
        assert all_["vouchers"] == "gold 2017-03 cancelled 2017-06-03"
