"""Points expire with their lot: by rule at the instant, in the books later, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.accruals import accrue, reverse
from loyalty.domain.adjusting import adjust
from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.expiry import expire
from loyalty.domain.ledger import (
    EXPIRED_LOTS_KEPT,
    Account,
    Changes,
    Entry,
    Lot,
    LotChange,
    PendingPoints,
    Posting,
    credit,
    opened_lots,
    post,
    replay,
    spendable,
    take,
)
from loyalty.domain.ledger_check import check

SPRING = datetime(2018, 3, 31, 22, tzinfo=UTC)
SUMMER = datetime(2018, 6, 30, 22, tzinfo=UTC)
AUTUMN = datetime(2018, 9, 30, 22, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def posting(at: datetime) -> Posting:
    return Posting("ada", "cause", at, at, "cause")


def lines(entry: Entry | None) -> dict[str, int]:
    assert entry is not None
    return {line.account: line.points for line in entry.lines}


def test_a_lot_can_be_spent_until_its_instant_whatever_the_books_say() -> None:
    account = Account((Lot(SPRING, 5), Lot(SUMMER, 3)))
    assert spendable(account, SPRING - MOMENT) == 8
    assert spendable(account, SPRING) == 3
    with pytest.raises(InsufficientPoints, match="3 points are available"):
        adjust(account, posting(SPRING), -4, AUTUMN)
    after, _ = adjust(account, posting(SPRING), -3, AUTUMN)
    assert after.lots == (Lot(SPRING, 5),)


def test_an_expiry_moves_what_is_left_of_one_lot() -> None:
    before = Account((Lot(SPRING, 5), Lot(SUMMER, 3)), entries=7)
    account, entry = expire(before, posting(SPRING), SPRING)
    assert account == Account((Lot(SUMMER, 3),), entries=8, expired=(Lot(SPRING, 5),))
    assert lines(entry) == {"member:ada:available": -5, "expired": 5}
    assert entry is not None
    assert (entry.kind, entry.points, entry.balance_after) == ("expiry", -5, 3)


def test_nothing_is_left_to_expire_twice_or_early() -> None:
    account, _ = expire(Account((Lot(SPRING, 5),)), posting(SPRING), SPRING)
    assert expire(account, posting(SPRING), SPRING) == (account, None)
    with pytest.raises(ValueError, match="not expired yet"):
        expire(account, posting(SPRING - MOMENT), SPRING)


def test_a_return_does_not_ask_for_points_that_expired() -> None:
    before = Account(expired=(Lot(SPRING, 5),), entries=7)
    account, entry = reverse(before, posting(SUMMER), PendingPoints(SPRING, SPRING, 3))
    assert account == Account(expired=(Lot(SPRING, 2),), entries=8)
    assert lines(entry) == {"issued": 3, "expired": -3}
    assert entry.points == 0


def test_a_return_asks_for_what_was_spent_before_the_rest_expired() -> None:
    before = Account((Lot(AUTUMN, 1),), expired=(Lot(SPRING, 5),))
    account, entry = reverse(before, posting(SUMMER), PendingPoints(SPRING, SPRING, 8))
    assert (account.lots, account.owed, account.expired) == ((), 2, ())
    assert lines(entry) == {"issued": 8, "expired": -5, "member:ada:available": -3}


def test_a_return_does_not_take_from_what_expired_before_it_was_earned() -> None:
    before = Account(expired=(Lot(SPRING, 5),))
    account, _ = reverse(before, posting(AUTUMN), PendingPoints(SPRING, SUMMER, 4))
    assert (account.expired, account.owed) == ((Lot(SPRING, 5),), 4)


def test_lots_that_a_change_opens_fall_due() -> None:
    before = Account((Lot(SPRING, 5),))
    more, _ = adjust(before, posting(SPRING - MOMENT), 2, SPRING)
    assert opened_lots(before, more) == ()
    other, _ = adjust(before, posting(SPRING - MOMENT), 2, SUMMER)
    assert opened_lots(before, other) == (SUMMER,)


def test_only_the_latest_expired_lots_are_kept() -> None:
    account = Account()
    for month in range(EXPIRED_LOTS_KEPT + 3):
        at = SPRING + timedelta(days=31 * month)
        account, _ = accrue(account, posting(at), PendingPoints(at, at, 1))
        account, _ = expire(account, posting(at), at)
    assert len(account.expired) == EXPIRED_LOTS_KEPT
    assert account.expired[0].expires_at == SPRING + timedelta(days=31 * 3)


@given(
    earned=st.lists(
        st.tuples(st.sampled_from([SPRING, SUMMER, AUTUMN]), st.integers(1, 50)),
        min_size=1,
        max_size=5,
    ),
    spent=st.integers(0, 120),
    returned=st.tuples(st.sampled_from([SPRING, SUMMER, AUTUMN]), st.integers(1, 60)),
    posted_first=st.lists(st.sampled_from([SPRING, SUMMER, AUTUMN]), unique=True),
)
def test_it_makes_no_difference_when_an_expiry_is_posted(
    earned: list[tuple[datetime, int]],
    spent: int,
    returned: tuple[datetime, int],
    posted_first: list[datetime],
) -> None:
    account, entries = Account(), []

    def write(change: tuple[Account, Entry | None]) -> None:
        nonlocal account
        account = change[0]
        entries.extend([change[1]] if change[1] else [])

    start = SPRING - timedelta(days=9)
    for lot, points in earned:
        write(accrue(account, posting(start), PendingPoints(start, lot, points)))
    lot_changes, _ = take(account.lots, spent)
    write(post(account, posting(start), "redemption", "redeemed", Changes(lots=lot_changes)))
    now = SUMMER + MOMENT
    own, points = returned
    never_posted, _ = reverse(account, posting(now), PendingPoints(start, own, points))
    for lot in posted_first:
        if lot <= now:
            write(expire(account, posting(now), lot))
    write(reverse(account, posting(now), PendingPoints(start, own, points)))
    assert spendable(account, now) == spendable(never_posted, now)
    assert account.owed == never_posted.owed
    for lot in (SPRING, SUMMER):
        write(expire(account, posting(now), lot))
        never_posted, _ = expire(never_posted, posting(now), lot)
    assert replace(account, entries=0) == replace(never_posted, entries=0)
    assert replay(entries) == account
    assert check("ada", account, entries).violations == ()


def test_points_given_later_repay_what_is_owed_before_they_fill_a_lot() -> None:
    assert credit(3, SUMMER, 5) == Changes(lots=(LotChange(SUMMER, 2),), owed=-3)
