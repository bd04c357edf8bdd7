"""Whether the live books balance: every member's account against all of its ledger entries."""

from __future__ import annotations

from collections import Counter
from typing import Final
from uuid import uuid4

from loyalty.contracts.reports import (
    CheckPlan,
    LedgerCheckStarted,
    LedgerReport,
    LedgerViolation,
    ShardFindings,
)
from loyalty.domain.ledger_check import LedgerFindings, check
from loyalty.services.ports import MEMBER_SHARDS, Clock, Executions, MemberStore, ReportStore

MACHINE: Final = "ledger_check"
REPORT: Final = "ledger"
LATEST: Final = "latest"
# A broken ledger shows in a few members; their violations must fit into one item.
VIOLATIONS_KEPT: Final = 100


class CheckIncomplete(Exception):
    """Shards are missing, so nothing can be said of the books."""


def start_check(*, executions: Executions) -> LedgerCheckStarted:
    """Start a check; each call starts one of its own. Requests: 1."""
    check_id = uuid4().hex
    executions.start(MACHINE, check_id, {"check_id": check_id})
    return LedgerCheckStarted(check_id=check_id)


def last_report(*, reports: ReportStore) -> LedgerReport:
    """Return the last finished check, or one that claims nothing. Requests: 1 read."""
    found = reports.get(REPORT, LATEST)
    if found is not None:
        return LedgerReport.model_validate(found)
    return LedgerReport(
        checked_at=None, balanced=None, members=0, entries=0, accounts={}, violations=()
    )


def plan_check(check_id: str) -> CheckPlan:
    """List the shards of a check. No requests."""
    return CheckPlan(check_id=check_id, shards=tuple(range(MEMBER_SHARDS)))


def check_shard(
    check_id: str, shard: int, *, store: MemberStore, reports: ReportStore
) -> ShardFindings:
    """Check a shard's members and keep the findings; doing it again overwrites them.

    A member is read first and then only the entries that it had by then, which never change: so
    orders may come in meanwhile.

    Requests: 1 query of the shard's members, 1 read and 1 query per member, 1 write.
    """
    totals: Counter[str] = Counter()
    violations: list[LedgerViolation] = []
    members = entries = 0
    for member_id in store.member_ids(shard):
        member = store.member(member_id)
        if member is None:  # the index lags behind an erasure
            continue
        history = store.all_entries(member_id, up_to_sequence=member.account.entries)
        found = check(member_id, member.account, history)
        members += 1
        entries += found.entries
        violations += _violations(member_id, found)
        for account, points in found.accounts.items():
            totals[account.rpartition(":")[2]] += points
    findings = ShardFindings(
        shard=shard,
        members=members,
        entries=entries,
        accounts=dict(totals),
        violations=tuple(violations[:VIOLATIONS_KEPT]),
    )
    reports.put(_findings_name(check_id), f"shard-{shard:03}", findings.model_dump(mode="json"))
    return findings


def summarize_check(check_id: str, *, reports: ReportStore, clock: Clock) -> LedgerReport:
    """Add up the shards' findings into the report that the API serves.

    Requests: 1 query and 1 write.

    Raises
    ------
    CheckIncomplete
        Not every shard was checked; the last report stays in place.
    """
    findings = [
        ShardFindings.model_validate(part) for part in reports.parts(_findings_name(check_id))
    ]
    if {found.shard for found in findings} != set(range(MEMBER_SHARDS)):
        raise CheckIncomplete(f"{len(findings)} of {MEMBER_SHARDS} shards were checked")
    totals: Counter[str] = Counter()
    for found in findings:
        for account, points in found.accounts.items():
            totals[account] += points
    violations = [violation for found in findings for violation in found.violations]
    report = LedgerReport(
        checked_at=clock.now(),
        balanced=not violations,
        members=sum(found.members for found in findings),
        entries=sum(found.entries for found in findings),
        accounts=dict(sorted(totals.items())),
        violations=tuple(violations[:VIOLATIONS_KEPT]),
    )
    reports.put(REPORT, LATEST, report.model_dump(mode="json"), is_lasting=True)
    return report


def _findings_name(check_id: str) -> str:
    return f"{MACHINE}-{check_id}"


def _violations(member_id: str, found: LedgerFindings) -> list[LedgerViolation]:
    return [
        LedgerViolation(member_id=member_id, rule=violation.rule, detail=violation.detail)
        for violation in found.violations
    ]
