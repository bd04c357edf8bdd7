"""Spending points: oldest first, never what has expired, and back to where they came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.ledger import Account, Entry, Lot, Posting, apply
from loyalty.domain.spending import give_back, redeem

NOW = datetime(2017, 3, 15, 12, tzinfo=UTC)
SPRING = datetime(2018, 3, 31, 22, tzinfo=UTC)
SUMMER = datetime(2018, 6, 30, 22, tzinfo=UTC)
AUTUMN = datetime(2018, 9, 30, 22, tzinfo=UTC)
LOTS = (SPRING, SUMMER, AUTUMN)


def posting(at: datetime = NOW) -> Posting:
    return Posting("ada", "redemption/R-1", at, at, "a mug")


def lines(entry: Entry) -> dict[str, int]:
    return {line.account: line.points for line in entry.lines}


def test_points_that_expire_first_are_spent_first() -> None:
    account, entry = redeem(Account((Lot(SPRING, 30), Lot(SUMMER, 100))), posting(), 50)
    assert account.lots == (Lot(SUMMER, 80),)
    assert lines(entry) == {"member:ada:available": -50, "redeemed": 50}
    assert (entry.kind, entry.points, entry.balance_after) == ("redemption", -50, 80)


def test_all_points_can_be_spent_and_no_more() -> None:
    before = Account((Lot(SPRING, 100),))
    assert redeem(before, posting(), 100)[0].lots == ()
    with pytest.raises(InsufficientPoints):
        redeem(before, posting(), 101)
    with pytest.raises(ValueError, match="needs points"):
        redeem(before, posting(), 0)


@pytest.mark.parametrize(
    ("at", "lots"),
    [
        (SPRING - timedelta(microseconds=1), (Lot(SUMMER, 100),)),
        (SPRING, (Lot(SPRING, 30), Lot(SUMMER, 70))),
    ],
)
def test_a_lot_is_gone_at_its_very_instant_of_expiry(at: datetime, lots: tuple[Lot, ...]) -> None:
    account, _ = redeem(Account((Lot(SPRING, 30), Lot(SUMMER, 100))), posting(at), 30)
    assert account.lots == lots
    if at == SPRING:
        with pytest.raises(InsufficientPoints):
            redeem(Account((Lot(SPRING, 30),)), posting(at), 1)


def test_points_go_back_to_the_lots_they_came_from() -> None:
    before = Account((Lot(SPRING, 30), Lot(SUMMER, 100)))
    spent, redemption = redeem(before, posting(), 50)
    account, entry = give_back(spent, posting(), redemption.lot_changes, restored_until=AUTUMN)
    assert account.lots == before.lots
    assert lines(entry) == {"member:ada:available": 50, "redeemed": -50}
    assert (entry.kind, entry.points, entry.balance_after) == ("reversal", 50, 130)


@pytest.mark.parametrize(
    ("at", "lots"),
    [
        (SPRING - timedelta(microseconds=1), (Lot(SPRING, 30), Lot(SUMMER, 100))),
        (SPRING, (Lot(SPRING + timedelta(days=30), 30), Lot(SUMMER, 100))),
    ],
)
def test_expired_points_come_back_for_a_while(at: datetime, lots: tuple[Lot, ...]) -> None:
    spent, redemption = redeem(Account((Lot(SPRING, 30), Lot(SUMMER, 100))), posting(), 50)
    restored_until = SPRING + timedelta(days=30)
    account, _ = give_back(
        spent, posting(at), redemption.lot_changes, restored_until=restored_until
    )
    assert account.lots == lots


def test_what_is_owed_meanwhile_is_repaid_first() -> None:
    _, redemption = redeem(Account((Lot(SPRING, 30), Lot(SUMMER, 20))), posting(), 50)
    account, entry = give_back(
        Account(owed=40, entries=2), posting(), redemption.lot_changes, restored_until=AUTUMN
    )
    assert (account.lots, account.owed) == ((Lot(SUMMER, 10),), 0)
    assert (entry.owed_change, entry.points, entry.balance_after) == (-40, 50, 10)


def test_a_reversal_needs_a_redemption() -> None:
    with pytest.raises(ValueError, match="needs points"):
        give_back(Account(), posting(), (), restored_until=AUTUMN)


@given(st.lists(st.integers(1, 100), min_size=3, max_size=3), st.data())
def test_redemptions_and_reversals_in_any_order_end_where_they_began(
    points: list[int], data: st.DataObject
) -> None:
    before = Account(tuple(map(Lot, LOTS, points)))
    account = before
    redemptions: list[Entry] = []
    for _ in range(data.draw(st.integers(1, 5))):
        left = account.points_available
        if left and (not redemptions or data.draw(st.booleans())):
            account, entry = redeem(account, posting(), data.draw(st.integers(1, left)))
            redemptions.append(entry)
        elif redemptions:
            back = redemptions.pop(data.draw(st.integers(0, len(redemptions) - 1)))
            account, _ = give_back(account, posting(), back.lot_changes, restored_until=AUTUMN)
        assert sum(lot.points for lot in account.lots) >= 0
    for entry in redemptions:
        account, _ = give_back(account, posting(), entry.lot_changes, restored_until=AUTUMN)
    assert account.lots == before.lots


def test_replaying_gives_the_same_account() -> None:
    before = Account((Lot(SPRING, 30), Lot(SUMMER, 100)))
    account, entry = redeem(before, posting(), 50)
    assert apply(before, entry) == account
