"""Whether a member's account and its ledger entries tell the same story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from loyalty.domain.ledger import (
    EXPIRED,
    FORFEITURE,
    Account,
    Entry,
    apply,
    available_account,
    pending_account,
    spendable,
    without_empty_windows,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold; `detail` has numbers only."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class LedgerFindings:
    """What a check saw: how many entries, the points on each ledger account, and what is wrong."""

    entries: int
    accounts: Mapping[str, int]
    violations: tuple[Violation, ...]


def check(member_id: str, account: Account, entries: Iterable[Entry]) -> LedgerFindings:
    """Hold a member's account against all of its entries, which are read once, oldest first.

    Checked: every entry sums to zero, none is missing, every running balance is right, the entries'
    lines add up to the account's balances, nothing but what was forfeited expired early, replaying
    them gives the account's lots, and the account does not contradict itself.
    """
    totals: Counter[str] = Counter()
    violations: list[Violation] = []
    replayed = Account()
    last_at = datetime.min.replace(tzinfo=UTC)
    for entry in entries:
        before, replayed = replayed, apply(replayed, entry)
        last_at = entry.recorded_at
        for line in entry.lines:
            totals[line.account] += line.points
        violations += _entry_violations(member_id, before, replayed, entry)
    violations += _balance_violations(member_id, account, totals)
    violations += _account_violations(account, checked_at=last_at)
    if without_empty_windows(replayed) != without_empty_windows(account):
        detail = f"after {replayed.entries} of {account.entries} entries"
        violations.append(Violation("replaying entries gives the account", detail))
    return LedgerFindings(replayed.entries, dict(totals), tuple(violations))


def _entry_violations(
    member_id: str, before: Account, after: Account, entry: Entry
) -> Iterator[Violation]:
    number = f"entry {entry.sequence}"
    if entry.sequence != before.entries + 1:
        yield Violation("entries are complete", f"{number} follows entry {before.entries}")
    if entry.member_id != member_id:
        yield Violation("entries are the member's own", f"{number} is another member's")
    total = sum(line.points for line in entry.lines)
    if total != 0:
        yield Violation("entries sum to zero", f"{number} sums to {total}")
    if entry.balance_after != after.balance:
        detail = f"{number} says {entry.balance_after}, its changes give {after.balance}"
        yield Violation("running balances are right", detail)
    has_expired = sum(line.points for line in entry.lines if line.account == EXPIRED)
    if has_expired != sum(change.points for change in entry.expired_changes):
        yield Violation("expired points are the sum of lines", f"{number} says {has_expired}")
    too_early = [
        change
        for change in entry.expired_changes
        if change.points > 0 and change.expires_at > entry.recorded_at
    ]
    if too_early and not entry.business_key.startswith(f"{FORFEITURE}/"):
        yield Violation("nothing expires early", f"{number} expires {len(too_early)} live lots")


def _balance_violations(
    member_id: str, account: Account, totals: Mapping[str, int]
) -> Iterator[Violation]:
    available = totals.get(available_account(member_id), 0)
    if available != account.balance:
        detail = f"lines say {available}, the account {account.balance}"
        yield Violation("available points are the sum of lines", detail)
    pending = totals.get(pending_account(member_id), 0)
    if pending != account.points_pending:
        detail = f"lines say {pending}, the account {account.points_pending}"
        yield Violation("pending points are the sum of lines", detail)


def _account_violations(account: Account, *, checked_at: datetime) -> Iterator[Violation]:
    if any(lot.points <= 0 for lot in account.lots):
        yield Violation("lots hold points", f"{[lot.points for lot in account.lots]}")
    if any(part.points < 0 for part in account.pending):
        yield Violation("pending is not negative", f"{[part.points for part in account.pending]}")
    if account.owed < 0:
        yield Violation("owed is not negative", f"{account.owed}")
    # What has expired repays nothing, though the books may not say so yet.
    available = spendable(account, checked_at)
    if account.owed and available:
        detail = f"{account.owed} owed, {available} available"
        yield Violation("nothing is owed while points are available", detail)
    if any(lot.points <= 0 for lot in account.expired):
        yield Violation("what expired holds points", f"{[lot.points for lot in account.expired]}")
