"""The monthly reports: every figure by hand, revisions, locks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.contracts.month_reports import SignedMoney
from loyalty.domain.member import StatusChange
from loyalty.domain.report_errors import MonthStillOpen, ReportNotFound
from loyalty.domain.vouchers import VoucherFact
from loyalty.services.check_ledger import check_shard, plan_check, summarize_check
from loyalty.services.reports import (
    health_report,
    health_reports,
    lock_month,
    refresh_reports,
    roi_report,
    roi_reports,
    write_health_report,
    write_roi_report,
)
from tests.support.books import Books
from tests.support.crashes import UseCase
from tests.support.examples import NOW, an_order
from tests.support.report_fakes import FakeRevisions
from tests.support.shop import Shop, customer, money_back

MARCH = "2017-03"
APRIL_4 = datetime(2017, 4, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def euros(amount_minor: int) -> SignedMoney:
    return SignedMoney(amount_minor=amount_minor, currency="EUR")


def tier_changed(member_id: str, to_tier: str, month: str = MARCH) -> StatusChange:
    data = {"from_tier": "member", "to_tier": to_tier, "reason": "upgraded", "month": month}
    return StatusChange(member_id, 9, "TierChanged", APRIL_4, APRIL_4, "active", "active", data)


def engagement(ann: str, bob: str) -> list[StatusChange]:
    """Return three uses of offers by the two, one of them taken back, and April's judgement."""
    arm = {"variant": "standard"}
    events: list[tuple[str, str, datetime, dict[str, Any]]] = [
        ("OfferUsed", ann, NOW, {}),
        ("OfferUsed", ann, NOW, {}),
        ("OfferUsed", bob, NOW, {}),
        ("OfferUseReversed", bob, NOW, {}),
        ("TopCustomerNamed", ann, APRIL_4, arm | {"month": MARCH}),
        ("TopCustomerNamed", bob, APRIL_4, arm | {"month": MARCH}),
        ("EngagementCorrected", bob, APRIL_4, arm | {"month": MARCH, "withdrawn": "top"}),
        ("CustomerInactive", bob, APRIL_4, {"inactive_reason": "lapsed", "month": MARCH}),
    ]
    return [
        StatusChange(member_id, 20 + n, event, at, at, "active", "active", data)
        for n, (event, member_id, at, data) in enumerate(events)
    ]


@pytest.fixture
def books() -> Books:
    """Ann, a member, buys for 100.00 and 50.50, and brings 20.00 back; Bob, a member, for 30.00;

    Cid, no member, for 40.00; somebody for 5.00. Dan, a member, buys nothing. Ann moves up to gold
    by the evaluation, uses 2.00 of a voucher and accepts her invite.
    """
    books = Books()
    shop = books.shop
    for card in ("ann", "bob", "dan"):
        shop.a_member(card)
    shop.sell(an_order("O-1", 10_000), customer(card="ann"))
    shop.sell(an_order("O-2", 5_050), customer(card="ann"))
    shop.sell(an_order("O-3", 3_000), customer(card="bob"))
    shop.sell(an_order("O-4", 4_000), customer(card="cid"))
    shop.sell(an_order("O-5", 500), customer())
    shop.take_back(money_back(2_000))
    ann = shop.id_of("ann")
    active = StatusChange(ann, 8, "InviteAccepted", NOW, NOW, "invited", "active")
    books.tell(tier_changed(ann, "gold"), active, *engagement(ann, shop.id_of("bob")))
    for version, event, data in (
        (1, "VoucherIssued", {"amount_minor": 2_500}),
        (2, "VoucherRedeemed", {"amount_minor": 200}),
    ):
        books.tell(VoucherFact("v1", version, event, NOW, ann, "cause", data))
    shop.clock.at = APRIL_4
    books.count()
    return books


def test_a_month_s_health_by_hand(books: Books) -> None:
    report = write_health_report(MARCH, **books.ports)

    # Points: 10 + 5 + 3 earned, 2 taken back; nothing released before the window's end.
    assert report.model_dump(exclude={"written_at"}) == {
        "month": MARCH,
        "revision": 1,
        "locked_at": None,
        "points_distributed": 18,
        "points_taken_back": 2,
        "points_released": 0,
        "points_redeemed": 0,
        "points_given_back": 0,
        "points_expired": 0,
        "points_adjusted": 0,
        "points_pending": 16,
        "points_available": 0,
        "points_outstanding": 16,
        "points_owed": 0,
        "points_opening": 0,
        "points_closing": 16,
        "members": 3,
        "members_by_tier": {"member": 2, "gold": 1, "platinum": 0},
        "members_enrolled": 3,
        "members_moved_up": 1,
        "members_moved_down": 0,
        "active": 1,
        "inactive": 0,
        "top": 1,
        "lapsed": 1,
        "won_back": 0,
        "offers_used": 2,
        "benefit_users": 2,
        "benefit_rate": 0.6667,
        "redemption_rate": 0.0,
        "customers_who_bought": 3,
        "members_who_bought": 2,
        "enrolment_rate": 0.6667,
        "participation_rate": 0.6667,
        "orders_of_members": 3,
        "orders_of_others": 2,
        "revenue_of_members": {"amount_minor": 16_050, "currency": "EUR"},
        "revenue_of_others": {"amount_minor": 4_500, "currency": "EUR"},
        "vouchers_issued": 1,
        "vouchers_redeemed": 1,
        "vouchers_expired": 0,
        "vouchers_cancelled": 0,
        "voucher_discounts": {"amount_minor": 200, "currency": "EUR"},
        "late_facts": {},
    }


def test_a_month_s_return_by_hand(books: Books) -> None:
    report = write_roi_report(MARCH, **books.ports)

    assert report.revenue_by_tier == {
        "member": euros(16_050),
        "gold": euros(0),
        "platinum": euros(0),
    }
    assert report.buyers_by_tier == {"member": 2, "gold": 0, "platinum": 0}
    assert report.average_spend_by_tier == {"member": euros(8_025), "gold": None, "platinum": None}
    assert (report.revenue, report.revenue_of_others) == (euros(16_050), euros(4_500))
    assert report.reward_cost == euros(200)
    assert report.points_cost == euros(8)  # (18 − 2) × 0.5
    assert report.program_return == 79.25  # (160.50 − 2.00) ÷ 2.00


def test_without_cost_or_value_nothing_is_claimed() -> None:
    books = Books()
    books.shop = Shop()
    report = write_roi_report(MARCH, **books.ports)
    assert (report.points_cost, report.program_return) == (None, None)
    health = write_health_report(MARCH, **books.ports)
    assert (health.enrolment_rate, health.participation_rate) == (None, None)


def test_levels_go_on_and_flows_begin_anew(books: Books) -> None:
    books.shop.sell(an_order("O-9", 20_000, occurred_at=APRIL_4), customer(card="ann"))
    books.shop.release_what_is_due()
    books.count()
    report = write_health_report("2017-04", **books.ports)

    # The windows of March's orders ended on the 30th.
    assert write_health_report(MARCH, **books.ports).points_released == 16
    assert (report.points_distributed, report.points_released) == (20, 0)
    assert (report.points_pending, report.points_available) == (20, 16)
    assert (report.members, report.members_enrolled, report.active) == (3, 0, 1)
    assert report.members_by_tier["gold"] == 1
    assert report.participation_rate == 0.3333


def test_all_months_together_are_the_ledger(books: Books) -> None:
    books.shop.release_what_is_due()
    books.shop.sell(an_order("O-9", 20_000, occurred_at=APRIL_4), customer(card="ann"))
    books.shop.take_back(money_back(8_000, "R-2", at=APRIL_4))
    books.count()
    months = [write_health_report(month, **books.ports) for month in (MARCH, "2017-04")]
    shop, reports = books.shop, FakeRevisions()
    for shard in plan_check("c").shards:
        check_shard("c", shard, store=shop.store, reports=reports)
    checked = summarize_check("c", reports=reports, clock=shop.clock).accounts

    for month in months:
        assert month.points_closing == (
            month.points_opening
            + month.points_distributed
            - month.points_taken_back
            - month.points_redeemed
            + month.points_given_back
            - month.points_expired
            + month.points_adjusted
        )
    assert [month.points_opening for month in months] == [0, months[0].points_closing]
    issued = sum(month.points_taken_back - month.points_distributed for month in months)
    assert checked["issued"] == issued
    assert checked["pending"] == months[-1].points_pending
    assert checked["available"] == months[-1].points_available - months[-1].points_owed


def test_the_same_figures_are_the_same_revision(books: Books) -> None:
    first = write_health_report(MARCH, **books.ports)
    books.shop.clock.advance(DAY)

    assert write_health_report(MARCH, **books.ports) == first
    assert health_report(MARCH, reports=books.reports) == first


def test_a_late_order_gives_a_new_revision(books: Books) -> None:
    first = write_roi_report(MARCH, **books.ports)
    books.shop.sell(an_order("O-8", 1_000), customer(card="dan"))
    books.count()
    second = write_roi_report(MARCH, **books.ports)

    assert (first.revision, second.revision) == (1, 2)
    assert second.average_spend_by_tier["member"] == euros(5_683)  # 170.50 ÷ 3
    assert roi_report(MARCH, reports=books.reports) == second
    assert len(books.reports.documents[f"roi-{MARCH}"]) == 2


def test_two_writers_make_one_revision(books: Books) -> None:
    books.reports.meanwhile = lambda: write_health_report(MARCH, **books.ports)
    report = write_health_report(MARCH, **books.ports)

    assert report.revision == 1
    assert list(books.reports.documents[f"health-{MARCH}"]) == ["000001"]


def test_a_locked_month_stays_and_late_facts_count_in_the_open_one(books: Books) -> None:
    write_roi_report(MARCH, **books.ports)
    locked = lock_month(MARCH, "fin", **books.ports)
    books.shop.sell(an_order("O-8", 1_000), customer(card="dan"))
    books.count()

    march = write_roi_report(MARCH, **books.ports)
    assert (march.revision, march.locked_at) == (2, APRIL_4)
    assert (locked.health_revision, locked.roi_revision) == (1, 2)
    assert march.revenue == euros(16_050)
    april = write_health_report("2017-04", **books.ports)
    assert april.revenue_of_members == euros(1_000)
    assert april.late_facts == {MARCH: 2}  # the order and its entry
    assert april.points_outstanding == 17


def test_a_month_is_locked_once(books: Books) -> None:
    first = lock_month(MARCH, "fin", **books.ports)
    books.shop.clock.advance(DAY)
    assert lock_month(MARCH, "other", **books.ports) == first


def test_an_open_month_cannot_be_locked(books: Books) -> None:
    # 23:30 in UTC on the 31st is in April already where the program is.
    books.shop.clock.at = datetime(2017, 3, 31, 21, 30, tzinfo=UTC)
    with pytest.raises(MonthStillOpen):
        lock_month(MARCH, "fin", **books.ports)
    books.shop.clock.at += timedelta(hours=1)
    lock_month(MARCH, "fin", **books.ports)


def test_there_is_no_report_before_one_was_written(books: Books) -> None:
    with pytest.raises(ReportNotFound):
        health_report(MARCH, reports=books.reports)
    with pytest.raises(ReportNotFound):
        roi_report(MARCH, reports=books.reports)


def test_open_months_with_reports_are_refreshed(books: Books) -> None:
    for month in ("2017-02", MARCH):
        write_health_report(month, **books.ports)
    lock_month("2017-02", "fin", **books.ports)
    books.shop.sell(an_order("O-8", 1_000), customer(card="dan"))
    books.count()

    assert refresh_reports(**books.ports) == 1
    assert health_report(MARCH, reports=books.reports).revision == 2
    assert roi_report(MARCH, reports=books.reports).revision == 1


@pytest.mark.parametrize(
    ("day", "month", "refreshed"),
    [
        (11, "2017-03", 1),
        (11, "2017-02", 0),
        (12, "2017-02", 1),
        (12, "2016-05", 1),
        (12, "2016-04", 0),
    ],
)
def test_older_months_are_refreshed_on_mondays(
    books: Books, day: int, month: str, refreshed: int
) -> None:
    write_health_report(month, **books.ports)
    books.shop.clock.at = datetime(2017, 6, day, 12, tzinfo=UTC)
    assert refresh_reports(**books.ports) == refreshed


@pytest.mark.parametrize("act", [lock_month, write_health_report, write_roi_report])
def test_a_crash_anywhere_and_the_same_again_end_alike(act: Any) -> None:
    def prepare() -> Books:
        books = Books()
        books.shop.sell(an_order(), customer(card="ann"))
        books.count()
        books.shop.clock.at = APRIL_4
        return books

    arguments = (MARCH, "fin") if act is lock_month else (MARCH,)
    use_case = UseCase(
        name=act.__name__,
        prepare=prepare,
        act=lambda books: act(*arguments, **books.ports),
        state=lambda books: (books.reports.documents, books.totals.closed),
        ports=("totals", "reports"),
    )
    expected, places = use_case.undisturbed()

    for place, reached in use_case.crashed(places):
        assert reached == expected, place


def test_the_latest_months_are_read_at_once_in_order(books: Books) -> None:
    books.shop.clock.at = APRIL_4 + 30 * DAY
    write_health_report("2017-04", **books.ports)
    write_health_report(MARCH, **books.ports)
    write_roi_report(MARCH, **books.ports)
    books.shop.sell(an_order("late", occurred_at=NOW), customer(card="late"))
    books.count()
    write_health_report(MARCH, **books.ports)
    read = health_reports(months=12, reports=books.reports)
    assert [(report.month, report.revision) for report in read] == [(MARCH, 2), ("2017-04", 1)]
    [latest] = health_reports(months=1, reports=books.reports)
    assert latest.month == "2017-04"
    assert [report.month for report in roi_reports(months=12, reports=books.reports)] == [MARCH]
