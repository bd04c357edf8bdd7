"""Benefit uses by month: who is a top customer, who has lapsed, who is back, what is corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from loyalty.domain.engagement import is_top_in, judge, take_back, use_benefit, with_use
from loyalty.domain.journey import Step
from loyalty.domain.member import EliteStatus, Member, StatusChange
from loyalty.domain.month_uses import MONTHS_KEPT, MonthUses, count_use, uses_in
from loyalty.domain.program_totals import count, summed
from tests.support.examples import NOW, PROGRAM


def of_offers(uses: int) -> tuple[MonthUses, ...]:
    return (MonthUses("2017-03", offers=uses, benefits=uses),)


def test_an_offer_counts_as_an_offer_and_as_a_benefit() -> None:
    counted = count_use((), "2017-03", is_offer=True)
    assert count_use(counted, "2017-03", is_offer=False) == (MonthUses("2017-03", 1, 2),)


def test_a_use_is_taken_back_from_its_own_month() -> None:
    march_and_april = count_use(of_offers(2), "2017-04", is_offer=True)
    left = count_use(march_and_april, "2017-03", is_offer=True, sign=-1)
    assert left == (MonthUses("2017-03", 1, 1), MonthUses("2017-04", 1, 1))


def test_what_is_taken_back_may_be_told_before_its_use() -> None:
    taken_back = count_use((), "2017-03", is_offer=True, sign=-1)
    assert facts(judge(active(*taken_back), "2017-03", PROGRAM, REVIEWED)) == ["CustomerInactive"]
    assert count_use(taken_back, "2017-03", is_offer=True) == (MonthUses("2017-03"),)


def test_old_months_are_dropped() -> None:
    uses: tuple[MonthUses, ...] = ()
    for number in range(1, MONTHS_KEPT + 3):
        uses = count_use(uses, f"20{16 + number // 12}-{number % 12 + 1:02}", is_offer=False)
    assert len(uses) == MONTHS_KEPT
    assert uses_in(uses, "2016-02").benefits == 0


@pytest.mark.parametrize(("uses", "is_top"), [(2, False), (3, True), (4, True)])
def test_three_uses_of_offers_make_a_top_customer(uses: int, is_top: bool) -> None:
    assert is_top_in(of_offers(uses), "2017-03", PROGRAM) is is_top


def test_other_benefits_do_not() -> None:
    assert not is_top_in((MonthUses("2017-03", offers=2, benefits=9),), "2017-03", PROGRAM)


def test_the_month_is_the_programs() -> None:
    member = Member(member_id="m-1", version=1, created_at=NOW)
    # 22:30 UTC is after midnight in Berlin, in summer.
    late = datetime(2017, 3, 31, 22, 30, tzinfo=UTC)
    counted = with_use(member, late, PROGRAM, is_offer=True)
    assert counted == replace(member, uses=(MonthUses("2017-04", 1, 1),))


# ── Judging a month ───────────────────────────────────────────────────────────────────────────────

# Months begin in Berlin: the 1st of March at 23:00 UTC of the day before.
MARCH = datetime(2017, 2, 28, 23, tzinfo=UTC)
APRIL = datetime(2017, 3, 31, 22, tzinfo=UTC)
IN_MARCH = datetime(2017, 3, 20, 12, tzinfo=UTC)
REVIEWED = datetime(2017, 4, 1, 3, tzinfo=UTC)
IN_APRIL = datetime(2017, 4, 10, 12, tzinfo=UTC)
MAY_5 = datetime(2017, 5, 5, 12, tzinfo=UTC)


def active(*uses: MonthUses, since: datetime = MARCH, status: EliteStatus = "active") -> Member:
    return Member(
        member_id="m-1",
        version=4,
        created_at=MARCH,
        status=status,
        status_since=since,
        joined_at=since,
        variant="standard",
        journey_program_version=1,
        uses=uses,
    )


def lapsed_in_march() -> Member:
    step = judge(active(), "2017-03", PROGRAM, REVIEWED)
    assert step is not None
    return step.member


def facts(step: Step | None) -> list[str]:
    return [] if step is None else [change.event for change in step.changes]


def use(member: Member, at: datetime, now: datetime, *, is_offer: bool = True) -> Step:
    by = "offer" if is_offer else "voucher"
    return use_benefit(member, at, PROGRAM, now, is_offer=is_offer, by=by)


def test_who_used_nothing_in_a_whole_month_has_lapsed_from_its_end_on() -> None:
    step = judge(active(), "2017-03", PROGRAM, REVIEWED)
    assert step is not None
    lapsed = step.member
    assert (lapsed.status, lapsed.inactive_reason) == ("inactive", "lapsed")
    assert (lapsed.status_since, lapsed.version) == (APRIL, 5)
    (fact,) = step.changes
    assert (fact.event, fact.from_status, fact.to_status) == (
        "CustomerInactive",
        "active",
        "inactive",
    )
    assert fact.data == {
        "variant": "standard",
        "program_version": 1,
        "inactive_reason": "lapsed",
        "month": "2017-03",
    }


def test_a_single_benefit_of_any_kind_keeps_a_member_active() -> None:
    assert judge(active(MonthUses("2017-03", benefits=1)), "2017-03", PROGRAM, REVIEWED) is None


def test_uses_of_other_months_do_not_count() -> None:
    before = active(MonthUses("2017-02", offers=5, benefits=5))
    assert facts(judge(before, "2017-03", PROGRAM, REVIEWED)) == ["CustomerInactive"]


@pytest.mark.parametrize(
    ("since", "lapses"),
    [(MARCH, True), (MARCH.replace(microsecond=1), False), (IN_MARCH, False)],
)
def test_only_who_was_active_from_the_months_first_instant_on_is_judged(
    since: datetime, lapses: bool
) -> None:
    step = judge(active(since=since), "2017-03", PROGRAM, REVIEWED)
    assert (step is not None) is lapses


@pytest.mark.parametrize(
    "status", ["prospect", "invited", "reminded", "not_interested", "inactive", "left", "merged"]
)
def test_nobody_else_lapses(status: EliteStatus) -> None:
    assert judge(active(status=status), "2017-03", PROGRAM, REVIEWED) is None


@pytest.mark.parametrize(("uses", "named"), [(2, False), (3, True)])
def test_three_uses_of_offers_name_a_top_customer(uses: int, named: bool) -> None:
    step = judge(active(*of_offers(uses), since=IN_MARCH), "2017-03", PROGRAM, REVIEWED)
    assert facts(step) == (["TopCustomerNamed"] if named else [])
    if step is not None:
        assert uses_in(step.member.uses, "2017-03").top
        assert step.changes[0].data["offer_uses"] == 3
        assert step.changes[0].member_version == step.member.version == 5


@pytest.mark.parametrize("member", [active(), active(*of_offers(3))])
def test_judging_again_changes_nothing(member: Member) -> None:
    step = judge(member, "2017-03", PROGRAM, REVIEWED)
    assert step is not None
    assert judge(step.member, "2017-03", PROGRAM, IN_APRIL) is None


def test_who_used_something_since_has_lapsed_and_is_back() -> None:
    step = judge(active(MonthUses("2017-04", 0, 1)), "2017-03", PROGRAM, REVIEWED)
    assert facts(step) == ["CustomerInactive", "MemberReactivated"]
    assert step is not None
    assert (step.member.status, step.member.status_since) == ("active", REVIEWED)
    assert judge(step.member, "2017-03", PROGRAM, IN_APRIL) is None
    # The month in which they came back was no whole one.
    assert judge(step.member, "2017-04", PROGRAM, datetime(2017, 5, 2, tzinfo=UTC)) is None


# ── Using benefits ────────────────────────────────────────────────────────────────────────────────


def test_a_use_makes_a_lapsed_member_active_at_once() -> None:
    step = use(lapsed_in_march(), IN_APRIL, IN_APRIL, is_offer=False)
    back = step.member
    assert (back.status, back.inactive_reason, back.status_since) == ("active", None, IN_APRIL)
    assert back.version == 5
    (fact,) = step.changes
    assert (fact.event, fact.from_status, fact.to_status) == (
        "MemberReactivated",
        "inactive",
        "active",
    )
    assert (fact.data["by"], fact.data["corrects"]) == ("voucher", None)
    assert uses_in(back.uses, "2017-03").lapsed


def test_a_month_without_uses_after_coming_back_is_judged_only_when_it_is_whole() -> None:
    back = use(lapsed_in_march(), IN_APRIL, IN_APRIL).member
    april_without = take_back(back, IN_APRIL, PROGRAM, IN_APRIL, is_offer=True).member
    assert judge(april_without, "2017-04", PROGRAM, datetime(2017, 5, 1, 3, tzinfo=UTC)) is None
    in_june = datetime(2017, 6, 1, 3, tzinfo=UTC)
    assert facts(judge(april_without, "2017-05", PROGRAM, in_june)) == ["CustomerInactive"]


def test_a_late_use_corrects_the_month_and_the_member_was_active_all_along() -> None:
    step = use(lapsed_in_march(), IN_MARCH, IN_APRIL)
    assert facts(step) == ["EngagementCorrected", "MemberReactivated"]
    corrected, reactivated = step.changes
    assert corrected.data["withdrawn"] == "lapsed"
    assert reactivated.data["corrects"] == corrected.data["month"] == "2017-03"
    assert (step.member.status, step.member.status_since) == ("active", APRIL)
    assert uses_in(step.member.uses, "2017-03") == MonthUses("2017-03", 1, 1)
    in_may = datetime(2017, 5, 1, 3, tzinfo=UTC)
    assert facts(judge(step.member, "2017-04", PROGRAM, in_may)) == ["CustomerInactive"]


def test_a_late_use_of_who_is_back_already_corrects_the_month_alone() -> None:
    back = use(lapsed_in_march(), IN_APRIL, IN_APRIL).member
    step = use(back, IN_MARCH, IN_APRIL)
    assert (step.member.status, step.member.status_since) == ("active", IN_APRIL)
    assert [
        (change.event, change.data["month"], change.data["withdrawn"], change.data["back_in"])
        for change in step.changes
    ] == [
        ("EngagementCorrected", "2017-03", "lapsed", "2017-04"),
        ("EngagementCorrected", "2017-04", "won_back", None),
    ]
    assert facts(use(step.member, IN_MARCH, IN_APRIL)) == []


def test_who_was_back_at_the_review_is_corrected_likewise() -> None:
    judged = judge(active(MonthUses("2017-04", 0, 1)), "2017-03", PROGRAM, REVIEWED)
    assert judged is not None
    step = use(judged.member, IN_MARCH, IN_APRIL)
    assert [change.data["withdrawn"] for change in step.changes] == ["lapsed", "won_back"]
    assert step.changes[1].data["month"] == "2017-04"


def test_who_lapsed_again_since_is_corrected_for_the_first_time_alone() -> None:
    back = use(lapsed_in_march(), IN_APRIL, IN_APRIL).member
    again = judge(back, "2017-05", PROGRAM, datetime(2017, 6, 2, tzinfo=UTC))
    assert again is not None
    step = use(again.member, IN_MARCH, datetime(2017, 6, 3, tzinfo=UTC))
    assert [change.data["withdrawn"] for change in step.changes] == ["lapsed", "won_back"]
    assert step.changes[1].data["month"] == "2017-04"
    assert step.member.status == "inactive"


def by_month(*changes: StatusChange) -> dict[str, dict[str, int]]:
    """Return what the facts add to each month's report."""
    reported: dict[str, dict[str, int]] = {}
    for change in changes:
        counted = count(change, PROGRAM)
        shown = {
            name: number
            for name, number in [*counted.flows.items(), *counted.gauges.items()]
            if name.startswith(("funnel:", "active:", "status:"))
        }
        reported[counted.month] = summed((reported.get(counted.month, {}), shown))
    return {
        month: left
        for month, counts in reported.items()
        if (left := {name: number for name, number in counts.items() if number})
    }


@pytest.mark.parametrize("heard", list(permutations((IN_MARCH, IN_APRIL, MAY_5))))
@pytest.mark.parametrize("is_back_at_review", [False, True])
def test_months_say_the_same_in_whatever_order_uses_become_known(
    heard: tuple[datetime, ...], is_back_at_review: bool
) -> None:
    """Whoever used something in March never lapsed in it, whenever that is heard."""
    uses = (MonthUses("2017-04", 0, 1),) if is_back_at_review else ()
    judged = judge(active(*uses), "2017-03", PROGRAM, REVIEWED)
    assert judged is not None
    member, changes = judged.member, list(judged.changes)
    for at in heard:
        step = use(member, at, MAY_5)
        member, changes = step.member, [*changes, *step.changes]
    assert by_month(*changes) == {}
    assert member.status == "active"


@pytest.mark.parametrize(
    ("at", "comes_back"),
    [(MARCH, True), (MARCH.replace(day=28, hour=22), False)],
)
def test_a_use_of_before_the_lapsed_month_does_not_bring_back(
    at: datetime, comes_back: bool
) -> None:
    step = use(lapsed_in_march(), at, IN_APRIL)
    assert (step.member.status == "active") is comes_back
    assert uses_in(step.member.uses, "2017-03" if comes_back else "2017-02").benefits == 1


def test_who_is_silent_does_not_become_active_by_a_use() -> None:
    silent = replace(active(status="inactive"), inactive_reason="silent")
    step = use(silent, IN_MARCH, IN_MARCH, is_offer=False)
    assert (step.member.status, step.changes) == ("inactive", ())


def test_the_third_use_names_a_top_customer_only_when_the_month_is_over() -> None:
    two = active(*of_offers(2))
    in_time = use(two, IN_MARCH, datetime(2017, 3, 31, 21, 59, tzinfo=UTC))
    assert (uses_in(in_time.member.uses, "2017-03").offers, facts(in_time)) == (3, [])
    late = use(two, IN_MARCH, APRIL)
    assert facts(late) == ["TopCustomerNamed"]
    assert judge(late.member, "2017-03", PROGRAM, IN_APRIL) is None
    assert facts(use(late.member, IN_MARCH, IN_APRIL)) == []


def test_who_falls_below_is_no_top_customer_any_more() -> None:
    named = judge(active(*of_offers(4)), "2017-03", PROGRAM, REVIEWED)
    assert named is not None
    three = take_back(named.member, IN_MARCH, PROGRAM, IN_APRIL, is_offer=True)
    assert facts(three) == []
    two = take_back(three.member, IN_MARCH, PROGRAM, IN_APRIL, is_offer=True)
    assert facts(two) == ["EngagementCorrected"]
    assert two.changes[0].data["withdrawn"] == "top"
    assert facts(use(two.member, IN_MARCH, IN_APRIL)) == ["TopCustomerNamed"]


def test_nobody_lapses_by_giving_a_benefit_back_after_the_month_was_judged() -> None:
    engaged = active(MonthUses("2017-03", benefits=1))
    step = take_back(engaged, IN_MARCH, PROGRAM, IN_APRIL, is_offer=False)
    assert (step.member.status, step.changes) == ("active", ())
    assert uses_in(step.member.uses, "2017-03").benefits == 0
