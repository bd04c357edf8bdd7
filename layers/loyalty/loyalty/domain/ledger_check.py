"""Whether a member's account and its ledger entries tell the same story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from loyalty.domain.ledger import (
    Account,
    Entry,
    apply,
    available_account,
    pending_account,
    without_empty_windows,
)


@dataclass(frozen=True, slots=True)
class LedgerFindings:
    """What a check saw: how many entries, the points on each ledger account, and what is wrong."""

    entries: int
    accounts: Mapping[str, int]
    violations: tuple[str, ...]


def check(member_id: str, account: Account, entries: Iterable[Entry]) -> LedgerFindings:
    """Hold a member's account against all of its entries, which are read once, oldest first.

    Checked: every entry sums to zero, none is missing, every running balance is right, the entries'
    lines add up to the account's balances, replaying them gives the account's lots, and the account
    does not contradict itself.

    Returns
    -------
    LedgerFindings
        Violations as sentences for people, with ids and numbers only.
    """
    totals: Counter[str] = Counter()
    violations: list[str] = []
    replayed = Account()
    for entry in entries:
        before, replayed = replayed, apply(replayed, entry)
        totals.update({line.account: 0 for line in entry.lines})
        for line in entry.lines:
            totals[line.account] += line.points
        violations += _entry_violations(member_id, before, replayed, entry)
    violations += _balance_violations(member_id, account, totals)
    violations += _account_violations(account)
    if without_empty_windows(replayed) != without_empty_windows(account):
        violations.append("replaying the entries gives another account")
    return LedgerFindings(
        entries=replayed.entries,
        accounts=dict(totals),
        violations=tuple(f"{member_id}: {violation}" for violation in violations),
    )


def _entry_violations(
    member_id: str, before: Account, after: Account, entry: Entry
) -> Iterator[str]:
    if entry.sequence != before.entries + 1:
        yield f"entry {entry.sequence} follows entry {before.entries}"
    if entry.member_id != member_id:
        yield f"entry {entry.sequence} is another member's"
    if sum(line.points for line in entry.lines) != 0:
        yield f"entry {entry.sequence} does not sum to zero"
    if entry.balance_after != after.balance:
        yield f"entry {entry.sequence} says {entry.balance_after}, its changes give {after.balance}"


def _balance_violations(
    member_id: str, account: Account, totals: Mapping[str, int]
) -> Iterator[str]:
    available = totals.get(available_account(member_id), 0)
    if available != account.balance:
        yield f"lines say {available} points available, the account {account.balance}"
    pending = totals.get(pending_account(member_id), 0)
    if pending != account.points_pending:
        yield f"lines say {pending} points pending, the account {account.points_pending}"


def _account_violations(account: Account) -> Iterator[str]:
    if account.owed < 0 or any(lot.points <= 0 for lot in account.lots):
        yield "a lot is empty or negative, or less than nothing is owed"
    if any(part.points < 0 for part in account.pending):
        yield "pending points are negative"
    if account.owed and account.lots:
        yield "points are owed while others are available"
