"""Points change hands with their expiry, and nothing is lost on the way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.ledger import Account, Lot, Posting, spendable
from loyalty.domain.transfers import give, receive

NOW = datetime(2018, 3, 15, tzinfo=UTC)
LOTS = [NOW + timedelta(days=days) for days in (-20, 0, 16, 46, 77)]
GIVING = Posting("ada", "transfer/ada/T-1", NOW, NOW, "given to bob")
TAKING = Posting("bob", "transfer/ada/T-1", NOW, NOW, "given by ada")


def lots() -> st.SearchStrategy[tuple[Lot, ...]]:
    points = st.dictionaries(st.sampled_from(LOTS), st.integers(1, 90))
    return points.map(lambda found: tuple(Lot(lot, found[lot]) for lot in sorted(found)))


def test_the_oldest_points_are_given_and_keep_their_expiry() -> None:
    ada = Account((Lot(LOTS[0], 9), Lot(LOTS[2], 5), Lot(LOTS[3], 5)))
    ada, given = give(ada, GIVING, 7)
    bob, taken = receive(Account((Lot(LOTS[3], 1),)), TAKING, given)
    assert ada.lots == (Lot(LOTS[0], 9), Lot(LOTS[3], 3))
    assert bob.lots == (Lot(LOTS[2], 5), Lot(LOTS[3], 3))
    assert (given.points, taken.points) == (-7, 7)
    assert given.kind == taken.kind == "transfer"


def test_given_points_repay_what_is_owed_first() -> None:
    _, given = give(Account((Lot(LOTS[2], 5), Lot(LOTS[3], 5))), GIVING, 8)
    bob, taken = receive(Account(owed=6), TAKING, given)
    assert (bob.lots, bob.owed) == ((Lot(LOTS[3], 2),), 0)
    assert taken.balance_after == 2


def test_expired_points_cannot_be_given() -> None:
    with pytest.raises(InsufficientPoints, match="5 points are available"):
        give(Account((Lot(LOTS[1], 9), Lot(LOTS[2], 5))), GIVING, 6)
    with pytest.raises(ValueError, match="needs points"):
        give(Account((Lot(LOTS[2], 5),)), GIVING, 0)


@given(lots(), lots(), st.integers(0, 50), st.integers(1, 90))
def test_both_sides_together_keep_what_they_had(
    adas: tuple[Lot, ...], bobs: tuple[Lot, ...], owed: int, points: int
) -> None:
    ada, bob = Account(adas), Account(() if owed else bobs, owed=owed)
    if points > spendable(ada, NOW):
        return
    poorer, given = give(ada, GIVING, points)
    richer, taken = receive(bob, TAKING, given)
    assert poorer.balance + richer.balance == ada.balance + bob.balance
    assert ada.balance - poorer.balance == points
    accounts: Counter[str] = Counter()
    for entry in (given, taken):
        assert sum(line.points for line in entry.lines) == 0
        for line in entry.lines:
            accounts[line.account] += line.points
    assert accounts["transferred"] == 0
