"""The review of a month: everybody is judged, once, whoever is faster and whatever fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.contracts.engagement_reviews import ReviewReport, ShardReview
from loyalty.domain.engagement import use_benefit
from loyalty.domain.member import Member
from loyalty.domain.month_uses import MonthUses, count_use, uses_in
from loyalty.domain.offers import Offer
from loyalty.domain.report_errors import MonthStillOpen, MonthTooOld, ReviewNotFound
from loyalty.services.customers import commit_step
from loyalty.services.engagement_review import (
    PAGE_SIZE,
    ReviewIncomplete,
    plan_review,
    review_progress,
    review_shard,
    start_review,
    summarize_review,
)
from loyalty.services.ports import ENROLLED_SHARDS
from loyalty.services.refresh_offers import Curator
from loyalty.services.shards import enrolled_shard
from loyalty.services.taste_objects import KeptStatistics
from tests.support.job_fakes import FakeObjects, FakeReports
from tests.support.journey_fakes import JourneyWorld
from tests.support.offer_fakes import FakeOfferCatalogue

MARCH = datetime(2017, 3, 1, tzinfo=UTC)
APRIL_2 = datetime(2017, 4, 2, 5, tzinfo=UTC)
TWO = MonthUses("2017-03", offers=2, benefits=2)
THREE = MonthUses("2017-03", offers=3, benefits=3)
ONE_VOUCHER = MonthUses("2017-03", benefits=1)


class Reviews(JourneyWorld):
    """Members of February, and reviews of March as their state machine does them, on 2 April."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock.at = APRIL_2
        self.reports = FakeReports()
        self.catalogue = FakeOfferCatalogue(self.store.offers)
        self.ports: dict[str, Any] = {
            "program": self.program,
            "reports": self.reports,
            "clock": self.clock,
        }

    def active(self, member_id: str, *uses: MonthUses, **fields: Any) -> Member:
        since = datetime(2017, 2, 10, tzinfo=UTC)
        known = {"status": "active", "status_since": since, "joined_at": since, "uses": uses}
        return self.customer(member_id, **(known | fields))

    def review_shard(self, shard: int, month: str = "2017-03") -> ShardReview:
        curator = Curator(
            store=self.store,
            catalogue=self.catalogue,
            statistics=KeptStatistics(FakeObjects()),
            program=self.program,
            clock=self.clock,
        )
        return review_shard("r-1", month, shard, store=self.store, curator=curator, **self.ports)

    def review(self, month: str | None = None) -> ReviewReport:
        plan = plan_review("r-1", month, None, **self.ports)
        for shard in plan.shards:
            self.review_shard(shard, plan.month)
        return summarize_review("r-1", plan.month, reports=self.reports, clock=self.clock)

    def use(self, member_id: str) -> None:
        """Let the member use a voucher now."""
        member, now = self.member(member_id), self.clock.now()
        changed = replace(member, version=member.version + 1)
        step = use_benefit(changed, now, self.definition, now, is_offer=False, by="voucher")
        commit_step(self.store, member, step)


@pytest.fixture
def world() -> Reviews:
    return Reviews()


def test_who_has_lapsed_gets_other_offers(world: Reviews) -> None:
    milk = Offer(
        "milk",
        revision=1,
        name="Milk",
        kind="product",
        sku="milk",
        valid_from=MARCH,
        expires_at=MARCH.replace(month=5),
    )
    world.store.offers.add(milk)
    world.active("none")
    world.active("three", THREE)

    world.review()

    assert [own.offer_id for own in world.member("none").offers] == ["milk"]
    assert world.member("three").offers == ()


def test_everybody_is_judged(world: Reviews) -> None:
    world.active("none")
    world.active("two", TWO)
    world.active("three", THREE)
    world.active("voucher", ONE_VOUCHER)
    world.active("mid-month", status_since=MARCH.replace(day=2))
    world.active("before", replace(THREE, month="2017-02"))
    world.customer("prospect")

    report = world.review()

    assert report == ReviewReport(
        month="2017-03", reviewed_at=APRIL_2, looked_at=6, top=1, lapsed=2, back=0, failed=()
    )
    assert {id_: member.status for id_, member in world.store.members.items()} == {
        "none": "inactive",
        "two": "active",
        "three": "active",
        "voucher": "active",
        "mid-month": "active",
        "before": "inactive",
        "prospect": "prospect",
    }
    assert world.events("three") == ["TopCustomerNamed"]
    assert world.events("none") == ["CustomerInactive"]


def test_who_has_lapsed_is_due_a_message(world: Reviews) -> None:
    world.active("none")
    world.active("three", THREE)
    world.review()
    assert {(due.kind, due.due_at, due.member_id) for due in world.store.due_items} == {
        ("win_back", APRIL_2, "none")
    }


def test_a_second_review_changes_nothing(world: Reviews) -> None:
    world.active("none")
    world.active("three", THREE)
    world.review()
    members, history, due = (
        dict(world.store.members),
        dict(world.store.history),
        set(world.store.due_items),
    )
    world.clock.at = APRIL_2.replace(day=20)

    again = world.review("2017-03")

    assert (again.top, again.lapsed) == (0, 0)
    assert (world.store.members, world.store.history, world.store.due_items) == (
        members,
        history,
        due,
    )


def test_who_used_something_before_the_review_came_is_not_written_to(world: Reviews) -> None:
    world.active("none")
    world.clock.at = APRIL_2.replace(day=1)
    world.use("none")
    world.clock.at = APRIL_2

    report = world.review()

    assert (report.lapsed, report.back) == (1, 1)
    assert world.member("none").status == "active"
    assert world.events("none") == ["CustomerInactive", "MemberReactivated"]
    assert not world.store.due_items


def test_a_use_at_the_very_moment_of_the_review_is_heard(world: Reviews) -> None:
    world.active("none")
    world.store.meanwhile = lambda: world.use("none")
    world.review()
    assert world.member("none").status == "active"
    assert uses_in(world.member("none").uses, "2017-03").lapsed
    assert not world.store.due_items


def test_months_follow_each_other(world: Reviews) -> None:
    """None in March; a use in April; none in May, after a whole month as active."""
    world.active("m1")
    world.review()
    world.clock.at = datetime(2017, 4, 20, tzinfo=UTC)
    world.use("m1")
    for month, lapsed in ((5, 0), (6, 1), (7, 0)):
        world.clock.at = datetime(2017, month, 2, 5, tzinfo=UTC)
        assert world.review().lapsed == lapsed
    assert [used.month for used in world.member("m1").uses if used.lapsed] == [
        "2017-03",
        "2017-05",
    ]


def test_the_plan_means_the_month_before_its_schedule(world: Reviews) -> None:
    scheduled_at = datetime(2017, 2, 28, 23, 30, tzinfo=UTC)
    plan = plan_review("r-1", None, scheduled_at, **world.ports)
    assert (plan.month, plan.shards) == ("2017-01", tuple(range(ENROLLED_SHARDS)))
    assert plan_review("r-1", None, None, **world.ports).month == "2017-03"


@pytest.mark.parametrize("month", ["2017-04", "2018-01"])
def test_a_month_that_is_not_over_is_refused(world: Reviews, month: str) -> None:
    with pytest.raises(MonthStillOpen):
        plan_review("r-1", month, None, **world.ports)
    with pytest.raises(MonthStillOpen):
        start_review(month, executions=world.executions, **world.ports)
    assert not world.executions.inputs


def test_a_month_whose_uses_are_not_kept_any_more_is_refused(world: Reviews) -> None:
    """On 2 April 2017 the uses of fourteen months are there: those from March 2016 on."""
    with pytest.raises(MonthTooOld):
        plan_review("r-1", "2016-02", None, **world.ports)
    with pytest.raises(MonthTooOld):
        start_review("2016-02", executions=world.executions, **world.ports)
    assert not world.executions.inputs
    assert plan_review("r-1", "2016-03", None, **world.ports).month == "2016-03"


def test_the_oldest_month_that_can_be_reviewed_knows_all_its_uses(world: Reviews) -> None:
    since = datetime(2015, 1, 1, tzinfo=UTC)
    every_month = [f"2016-{month:02}" for month in range(1, 13)]
    uses: tuple[MonthUses, ...] = ()
    for month in [*every_month, "2017-01", "2017-02", "2017-03", "2017-04"]:
        uses = count_use(uses, month, is_offer=False)
    world.active("ada", *uses, status_since=since)
    assert world.review("2016-03").lapsed == 0


def test_staff_start_a_review_and_follow_it(world: Reviews) -> None:
    started = start_review("2017-03", executions=world.executions, **world.ports)
    assert world.executions.inputs == {started.review_id: started.model_dump()}
    progress = review_progress(started.review_id, reports=world.reports)
    assert (progress.month, progress.state, progress.result) == ("2017-03", "started", None)
    world.active("none")
    world.review()
    ended = review_progress("r-1", reports=world.reports)
    assert (ended.state, ended.reviewed_at) == ("done", APRIL_2)
    assert ended.result is not None
    assert ended.result.lapsed == 1
    with pytest.raises(ReviewNotFound):
        review_progress("r-2", reports=world.reports)


def test_a_missing_shard_is_no_report(world: Reviews) -> None:
    world.review_shard(7)
    with pytest.raises(ReviewIncomplete):
        summarize_review("r-1", "2017-03", reports=world.reports, clock=world.clock)


def test_whoever_cannot_be_judged_is_named_and_holds_up_nobody(world: Reviews) -> None:
    world.active("broken", status_since="not a time")
    world.active("none")
    report = world.review()
    assert (report.lapsed, report.failed) == (1, ("broken",))


def test_who_is_gone_meanwhile_is_passed_over(world: Reviews) -> None:
    world.active("none")
    world.store.refusals = 1
    world.store.meanwhile = lambda: world.store.members.clear()
    assert world.review_shard(enrolled_shard("none")).lapsed == 0


def test_members_are_read_a_hundred_at_a_time(world: Reviews) -> None:
    shard = enrolled_shard("m-0")
    numbers = iter(range(1_000_000))
    names = [name for n in numbers if n < 40_000 and enrolled_shard(name := f"m-{n}") == shard]
    for name in names[: PAGE_SIZE + 1]:
        world.active(name, ONE_VOUCHER)
    world.active(names[PAGE_SIZE + 1])
    world.store.requests = 0
    assert world.review_shard(shard).looked_at == PAGE_SIZE + 2
    assert world.store.requests == 2 + 1
