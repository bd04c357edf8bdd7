"""The points ledger: where points go, where they are taken from, what is owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.domain.accruals import accrue, release, reverse
from loyalty.domain.adjusting import adjust
from loyalty.domain.errors import InsufficientPoints
from loyalty.domain.ledger import (
    Account,
    Entry,
    LedgerLine,
    Lot,
    PendingPoints,
    Posting,
    opened_windows,
    replay,
    without_empty_windows,
)
from loyalty.domain.ledger_check import check

NOW = datetime(2017, 3, 15, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=14)
SPRING = datetime(2018, 3, 31, 22, tzinfo=UTC)
SUMMER = datetime(2018, 6, 30, 22, tzinfo=UTC)
AUTUMN = datetime(2018, 9, 30, 22, tzinfo=UTC)
POSTING = Posting("ada", "order/pos/O-1", NOW, NOW, "order")


def holding(*lots: Lot, pending: tuple[PendingPoints, ...] = (), owed: int = 0) -> Account:
    return Account(lots, pending, owed, entries=7)


def lines(entry: Entry) -> dict[str, int]:
    return {line.account: line.points for line in entry.lines}


def test_earned_points_are_pending_during_the_return_window() -> None:
    account, entry = accrue(Account(), POSTING, PendingPoints(SOON, SPRING, 5))
    assert account == Account(pending=(PendingPoints(SOON, SPRING, 5),), entries=1)
    assert lines(entry) == {"issued": -5, "member:ada:pending": 5}
    assert (entry.sequence, entry.points, entry.balance_after) == (1, 5, 0)


@pytest.mark.parametrize("releases_at", [NOW, NOW - timedelta(days=400)])
def test_points_whose_window_is_over_are_available_at_once(releases_at: datetime) -> None:
    account, entry = accrue(Account(), POSTING, PendingPoints(releases_at, SPRING, 5))
    assert account == Account(lots=(Lot(SPRING, 5),), entries=1)
    assert lines(entry) == {"issued": -5, "member:ada:available": 5}
    assert entry.balance_after == 5


def test_points_of_one_window_and_month_are_one_part() -> None:
    account, _ = accrue(Account(), POSTING, PendingPoints(SOON, SPRING, 5))
    account, _ = accrue(account, POSTING, PendingPoints(SOON, SPRING, 2))
    assert account.pending == (PendingPoints(SOON, SPRING, 7),)


def test_a_release_makes_one_window_available() -> None:
    later = PendingPoints(SOON + timedelta(days=1), SPRING, 3)
    before = holding(
        Lot(SUMMER, 1),
        pending=(PendingPoints(SOON, SPRING, 5), PendingPoints(SOON, SUMMER, 2), later),
    )
    account, entry = release(before, POSTING, SOON)
    assert entry is not None
    assert account == Account((Lot(SPRING, 5), Lot(SUMMER, 3)), (later,), 0, entries=8)
    assert lines(entry) == {"member:ada:pending": -7, "member:ada:available": 7}
    assert (entry.kind, entry.points, entry.balance_after) == ("release", 0, 8)


def test_a_release_repays_what_is_owed_first() -> None:
    before = holding(
        pending=(PendingPoints(SOON, SPRING, 5), PendingPoints(SOON, SUMMER, 4)), owed=6
    )
    account, entry = release(before, POSTING, SOON)
    assert entry is not None
    assert (account.lots, account.owed, account.pending) == ((Lot(SUMMER, 3),), 0, ())
    assert lines(entry) == {"member:ada:pending": -9, "member:ada:available": 9}
    assert entry.balance_after == account.balance == 3


def test_releasing_an_empty_window_forgets_it_without_an_entry() -> None:
    before = holding(pending=(PendingPoints(SOON, SPRING, 0),))
    assert release(before, POSTING, SOON) == (replace(before, pending=()), None)
    assert release(Account(), POSTING, SOON) == (Account(), None)


def test_a_reversal_takes_pending_points_first() -> None:
    before = holding(Lot(SPRING, 9), pending=(PendingPoints(SOON, SPRING, 5),))
    account, entry = reverse(before, POSTING, PendingPoints(SOON, SPRING, 4))
    assert account.pending == (PendingPoints(SOON, SPRING, 1),)
    assert account.lots == before.lots
    assert lines(entry) == {"issued": 4, "member:ada:pending": -4}
    assert entry.points == -4


def test_a_reversal_after_release_takes_the_own_lot_then_the_oldest() -> None:
    before = holding(Lot(SPRING, 2), Lot(SUMMER, 3), Lot(AUTUMN, 4))
    account, entry = reverse(before, POSTING, PendingPoints(SOON, SUMMER, 4))
    assert account.lots == (Lot(SPRING, 1), Lot(AUTUMN, 4))
    assert account.owed == 0
    assert lines(entry) == {"issued": 4, "member:ada:available": -4}


def test_what_a_reversal_cannot_find_is_owed() -> None:
    account, entry = reverse(holding(Lot(SPRING, 2)), POSTING, PendingPoints(SOON, SUMMER, 6))
    assert (account.lots, account.owed, account.balance) == ((), 4, -4)
    assert lines(entry) == {"issued": 6, "member:ada:available": -6}
    assert (entry.owed_change, entry.balance_after) == (4, -4)


def test_a_window_that_was_emptied_stays_until_its_release() -> None:
    before = holding(pending=(PendingPoints(SOON, SPRING, 5),))
    account, _ = reverse(before, POSTING, PendingPoints(SOON, SPRING, 5))
    assert account.pending == (PendingPoints(SOON, SPRING, 0),)
    assert opened_windows(before, account) == ()
    assert without_empty_windows(account).pending == ()


def test_only_a_new_window_falls_newly_due() -> None:
    before = holding(pending=(PendingPoints(SOON, SPRING, 5),))
    same, _ = accrue(before, POSTING, PendingPoints(SOON, SUMMER, 5))
    assert opened_windows(before, same) == ()
    later = SOON + timedelta(days=1)
    other, _ = accrue(before, POSTING, PendingPoints(later, SPRING, 5))
    assert opened_windows(before, other) == (later,)


def test_staff_can_give_points_which_repay_first() -> None:
    account, entry = adjust(holding(owed=3), POSTING, 10, SUMMER)
    assert (account.lots, account.owed) == ((Lot(SUMMER, 7),), 0)
    assert lines(entry) == {"adjusted": -10, "member:ada:available": 10}
    assert (entry.points, entry.balance_after) == (10, 7)


def test_staff_can_take_what_is_there_oldest_first_but_no_more() -> None:
    before = holding(Lot(SPRING, 2), Lot(SUMMER, 3))
    account, entry = adjust(before, POSTING, -4, AUTUMN)
    assert account.lots == (Lot(SUMMER, 1),)
    assert lines(entry) == {"adjusted": 4, "member:ada:available": -4}
    with pytest.raises(InsufficientPoints):
        adjust(before, POSTING, -6, AUTUMN)


def test_entries_of_nothing_are_not_posted() -> None:
    with pytest.raises(ValueError, match="needs points"):
        accrue(Account(), POSTING, PendingPoints(SOON, SPRING, 0))
    with pytest.raises(ValueError, match="needs points"):
        reverse(Account(), POSTING, PendingPoints(SOON, SPRING, 0))
    with pytest.raises(ValueError, match="needs points"):
        adjust(Account(), POSTING, 0, SPRING)


class TestCheck:
    """Every kind of corruption is found."""

    def history(self) -> tuple[Account, list[Entry]]:
        account, first = accrue(Account(), POSTING, PendingPoints(SOON, SPRING, 5))
        account, second = accrue(account, POSTING, PendingPoints(NOW, SUMMER, 8))
        account, third = reverse(account, POSTING, PendingPoints(SOON, SPRING, 2))
        return account, [first, second, third]

    def violations(self, account: Account, entries: list[Entry]) -> str:
        findings = check("ada", account, entries)
        return "\n".join(f"{found.rule}: {found.detail}" for found in findings.violations)

    def test_a_sound_ledger_has_no_violations(self) -> None:
        account, entries = self.history()
        findings = check("ada", account, entries)
        assert findings.violations == ()
        assert findings.entries == 3
        assert findings.accounts == {
            "issued": -11,
            "member:ada:pending": 3,
            "member:ada:available": 8,
        }
        assert replay(entries) == account

    def test_finds_an_entry_that_does_not_sum_to_zero(self) -> None:
        account, entries = self.history()
        entries[0] = replace(entries[0], lines=(*entries[0].lines, LedgerLine("adjusted", 1)))
        assert "sum to zero: entry 1 sums to 1" in self.violations(account, entries)

    def test_finds_a_missing_entry(self) -> None:
        account, entries = self.history()
        found = self.violations(account, [entries[0], entries[2]])
        assert "entry 3 follows entry 1" in found
        assert "available points are the sum of lines: lines say 0, the account 8" in found
        assert "replaying entries" in found

    def test_finds_a_wrong_running_balance(self) -> None:
        account, entries = self.history()
        entries[1] = replace(entries[1], balance_after=9)
        assert "entry 2 says 9, its changes give 8" in self.violations(account, entries)

    def test_finds_a_foreign_entry(self) -> None:
        account, entries = self.history()
        entries[1] = replace(entries[1], member_id="bob")
        assert "entry 2 is another member's" in self.violations(account, entries)

    def test_finds_an_account_that_was_tampered_with(self) -> None:
        account, entries = self.history()
        more = replace(account, lots=(Lot(SUMMER, 9),))
        found = self.violations(more, entries)
        assert "available points are the sum of lines: lines say 8, the account 9" in found
        moved = replace(account, lots=(Lot(AUTUMN, 8),))
        assert self.violations(moved, entries) == (
            "replaying entries gives the account: after 3 of 3 entries"
        )
        pending = replace(account, pending=(PendingPoints(SOON, SPRING, 4),))
        assert "pending points are the sum of lines: lines say 3, the account 4" in self.violations(
            pending, entries
        )

    @pytest.mark.parametrize(
        ("account", "violation"),
        [
            (holding(Lot(SPRING, 0)), "lots hold points"),
            (holding(Lot(SPRING, -1)), "lots hold points"),
            (holding(owed=-1), "owed is not negative"),
            (holding(Lot(SPRING, 1), owed=1), "nothing is owed while points are available"),
            (holding(pending=(PendingPoints(SOON, SPRING, -1),)), "pending is not negative"),
        ],
    )
    def test_finds_an_account_that_contradicts_itself(
        self, account: Account, violation: str
    ) -> None:
        assert violation in self.violations(account, [])
