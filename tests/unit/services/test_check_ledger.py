"""The check of the live books."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.contracts.reports import LedgerReport
from loyalty.domain.ledger import LedgerLine, Lot
from loyalty.domain.member import Member
from loyalty.services.check_ledger import (
    VIOLATIONS_KEPT,
    CheckIncomplete,
    check_shard,
    last_report,
    plan_check,
    start_check,
    summarize_check,
)
from loyalty.services.ports import MEMBER_SHARDS
from tests.support.examples import NOW, an_order
from tests.support.job_fakes import FakeReports
from tests.support.journey_fakes import FakeExecutions
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    for card in ("1", "2", "3"):
        shop.a_member(card)
        shop.sell(an_order(f"O-{card}", 10_000), customer(card=card))
    shop.take_back(money_back(10_000), order_id="O-1")
    return shop


def run_check(shop: Shop, reports: FakeReports, check_id: str = "c-1") -> LedgerReport:
    for shard in plan_check(check_id).shards:
        check_shard(check_id, shard, store=shop.store, reports=reports)
    return summarize_check(check_id, reports=reports, clock=shop.clock)


def test_sound_books_balance(shop: Shop) -> None:
    reports = FakeReports()
    report = run_check(shop, reports)
    assert report == LedgerReport(
        checked_at=NOW,
        balanced=True,
        members=3,
        entries=4,
        accounts={"issued": -20, "pending": 20},
        violations=(),
    )
    assert last_report(reports=reports) == report


def test_a_broken_account_and_a_broken_entry_are_named(shop: Shop) -> None:
    first, second, _ = sorted(shop.store.members)
    member = shop.member(first)
    richer = replace(member.account, lots=(Lot(NOW, 5),))
    shop.store.members[first] = replace(member, account=richer)
    entry = shop.store.ledger[second, 1]
    lines = (*entry.lines, LedgerLine("issued", 1))
    shop.store.ledger[second, 1] = replace(entry, lines=lines)
    report = run_check(shop, FakeReports())
    assert report.balanced is False
    found = {(violation.member_id, violation.rule) for violation in report.violations}
    assert found == {
        (first, "available points are the sum of lines"),
        (first, "replaying entries gives the account"),
        (second, "entries sum to zero"),
    }


def test_the_report_stays_small_however_broken_the_books_are() -> None:
    shop = Shop()
    for card in range(VIOLATIONS_KEPT + 10):
        member_id = shop.a_member(str(card))
        broken = replace(shop.member(member_id).account, owed=-1)
        shop.store.members[member_id] = replace(shop.member(member_id), account=broken)
    report = run_check(shop, FakeReports())
    assert report.balanced is False
    assert len(report.violations) == VIOLATIONS_KEPT


def test_a_check_can_be_repeated(shop: Shop) -> None:
    reports = FakeReports()
    assert run_check(shop, reports) == run_check(shop, reports)


def test_a_check_of_some_shards_says_nothing(shop: Shop) -> None:
    reports = FakeReports()
    run_check(shop, reports, "c-1")
    for shard in range(MEMBER_SHARDS - 1):
        check_shard("c-2", shard, store=shop.store, reports=reports)
    with pytest.raises(CheckIncomplete):
        summarize_check("c-2", reports=reports, clock=shop.clock)
    assert last_report(reports=reports).entries == 4


def test_entries_that_come_while_checking_are_left_for_the_next_check(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = shop.store.member
    sold = iter(range(100))

    def read_then_sell(member_id: str) -> Member | None:
        member = read(member_id)
        monkeypatch.setattr(shop.store, "member", read)
        shop.sell(an_order(f"late-{next(sold)}"), customer(member_id))
        monkeypatch.setattr(shop.store, "member", read_then_sell)
        return member

    monkeypatch.setattr(shop.store, "member", read_then_sell)
    assert run_check(shop, FakeReports()).balanced


def test_never_checked_claims_nothing() -> None:
    report = last_report(reports=FakeReports())
    assert (report.checked_at, report.balanced, report.entries) == (None, None, 0)


def test_each_start_is_a_check_of_its_own() -> None:
    executions = FakeExecutions()
    first, second = start_check(executions=executions), start_check(executions=executions)
    assert list(executions.inputs) == [first.check_id, second.check_id]
    assert executions.inputs[first.check_id] == {"check_id": first.check_id}
