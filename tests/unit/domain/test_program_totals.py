"""What each fact adds to the totals of the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.domain.accruals import accrue, release, reverse
from loyalty.domain.ledger import Account, PendingPoints, Posting
from loyalty.domain.member import StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, Money, OrderKey
from loyalty.domain.program_totals import Buyer, Counted, by_suffix, count, moved_to, summed
from loyalty.domain.vouchers import VoucherFact
from tests.support.examples import PROGRAM

# 23:30 in UTC is the next day, and here the next month, in the program's zone.
LATE = datetime(2017, 3, 31, 23, 30, tzinfo=UTC)
NOON = datetime(2017, 3, 15, 12, tzinfo=UTC)
ORDER = AcceptedOrder(
    key=OrderKey("pos", "1"),
    member_id="m1",
    occurred_at=NOON,
    recorded_at=NOON,
    store_id=None,
    total=Money(10_000, "EUR"),
    lines=(),
    eligible_minor=9_000,
    points=9,
    releases_at=None,
    lot_expires_at=None,
    program_version=1,
    answer={},
    tier="gold",
)
RETURN = AcceptedReturn(
    OrderKey("pos", "1"), "r1", "m1", NOON, NOON, "f", 4_000, 4, {}, tier="gold"
)
CHANGE = StatusChange("m1", 2, "InviteAccepted", NOON, NOON, "invited", "active")
TIER_CHANGED = replace(
    CHANGE,
    event="TierChanged",
    from_status="active",
    data={"from_tier": "member", "to_tier": "gold", "reason": "upgraded", "month": "2017-02"},
)


def test_a_fact_counts_in_the_month_of_the_program_s_own_zone() -> None:
    assert count(replace(ORDER, occurred_at=LATE), PROGRAM).month == "2017-04"


def test_an_order_counts_by_tier_with_its_buyer() -> None:
    counted = count(ORDER, PROGRAM)

    assert counted.flows == {"facts:OrderAccepted": 1, "orders:gold": 1, "spend:gold": 9_000}
    assert counted.buyers == tuple(
        Buyer("2017-03", group, "m1") for group in ("customer", "member", "tier:gold")
    )


def test_who_is_no_member_buys_without_a_tier() -> None:
    counted = count(replace(ORDER, tier=None), PROGRAM)

    assert by_suffix(counted.flows, "spend") == {"-": 9_000}
    assert counted.buyers == (Buyer("2017-03", "customer", "m1"),)
    assert count(replace(ORDER, tier=None, member_id=None), PROGRAM).buyers == ()


def test_a_return_counts_in_its_own_month_by_its_order_s_tier() -> None:
    counted = count(replace(RETURN, occurred_at=LATE), PROGRAM)

    assert counted.month == "2017-04"
    assert counted.flows == {
        "facts:ReturnAccepted": 1,
        "returns:gold": 1,
        "returned:gold": 4_000,
    }


def test_what_is_bought_after_the_crossing_counts_by_variant() -> None:
    bought = count(replace(ORDER, variant="warm"), PROGRAM).flows
    returned = count(replace(RETURN, variant="warm"), PROGRAM).flows
    assert (bought["arm_spend:warm"], returned["arm_returned:warm"]) == (9_000, 4_000)


def test_entries_count_by_kind_and_account() -> None:
    posting = Posting("m1", "order/pos/1", NOON, NOON, "order")
    earned = PendingPoints(LATE, datetime(2018, 4, 1, tzinfo=UTC), 50)
    account, accrual = accrue(Account(), posting, earned)
    account, released = release(account, posting, LATE)
    assert released is not None
    account, reversal = reverse(account, posting, replace(earned, points=70))

    counted = [count(entry, PROGRAM) for entry in (accrual, released, reversal)]

    assert counted[0].flows == {
        "facts:PointsPosted": 1,
        "entries:accrual": 1,
        "ledger:accrual:issued": -50,
        "ledger:accrual:pending": 50,
    }
    assert counted[1].flows == {
        "facts:PointsPosted": 1,
        "entries:release": 1,
        "ledger:release:pending": -50,
        "ledger:release:available": 50,
    }
    levels = summed(part.gauges for part in counted)
    assert levels == {"points:pending": 0, "points:available": -20, "points:owed": 20}
    assert account.balance == -20


def test_an_enrolment_adds_a_member_to_the_entry_tier() -> None:
    enrolled = replace(CHANGE, event="MemberEnrolled", from_status="active")

    counted = count(enrolled, PROGRAM)

    assert counted == Counted("2017-03", {"facts:MemberEnrolled": 1}, {"members:member": 1})


def test_a_change_of_status_moves_between_the_levels() -> None:
    reminded = replace(CHANGE, to_status="reminded")
    assert count(reminded, PROGRAM).gauges == {"status:reminded": 1, "status:invited": -1}
    crossed = replace(CHANGE, from_status="prospect", to_status="invited")
    assert count(crossed, PROGRAM).gauges == {"status:invited": 1}


@pytest.mark.parametrize(
    ("reason", "flow"),
    [
        ("upgraded", "moved_up:gold"),
        ("approved", "moved_up:gold"),
        ("downgraded", "moved_down:gold"),
        ("return", "moved_down:gold"),
    ],
)
def test_a_change_of_tier_counts_in_the_month_that_was_judged(reason: str, flow: str) -> None:
    counted = count(replace(TIER_CHANGED, data={**TIER_CHANGED.data, "reason": reason}), PROGRAM)

    assert counted.month == "2017-02"
    assert counted.flows == {"facts:TierChanged": 1, flow: 1}
    assert counted.gauges == {"members:member": -1, "members:gold": 1}


def test_who_leaves_is_in_no_tier_and_is_again_when_that_is_undone() -> None:
    merged = replace(
        CHANGE,
        event="MemberMerged",
        from_status="active",
        to_status="merged",
        data={"tier": "gold"},
    )
    undone = replace(merged, from_status="merged", to_status="active")

    assert count(merged, PROGRAM).gauges["members:gold"] == -1
    assert count(undone, PROGRAM).gauges["members:gold"] == 1


ARM = {"variant": "warm", "program_version": 1}


def test_who_leaves_by_choice_is_active_in_no_arm_and_no_tier() -> None:
    told = ARM | {"tier": "gold"}
    left = replace(CHANGE, event="MemberLeft", from_status="active", to_status="left", data=told)
    gauges = count(left, PROGRAM).gauges
    assert gauges["members:gold"] == -1
    assert by_suffix(gauges, "active") == {"warm": -1}


LAPSED = replace(
    CHANGE,
    event="CustomerInactive",
    from_status="active",
    to_status="inactive",
    data=ARM | {"inactive_reason": "lapsed", "month": "2017-02"},
)
BACK = replace(
    CHANGE,
    event="MemberReactivated",
    from_status="inactive",
    to_status="active",
    data=ARM | {"by": "offer", "corrects": None},
)


@pytest.mark.parametrize(
    ("event", "more", "stage"),
    [
        ("ThresholdCrossed", {}, "crossed"),
        ("CustomerHeldOut", {}, "held_out"),
        ("CustomerInvited", {}, "invited"),
        ("CustomerReminded", {}, "reminded"),
        ("InviteAccepted", {}, "accepted"),
        ("InviteDeclined", {}, "declined"),
        ("CustomerInactive", {"inactive_reason": "silent"}, "silent"),
        ("MemberReactivated", {"corrects": None}, "won_back"),
    ],
)
def test_the_funnel_counts_by_variant(event: str, more: dict[str, str | None], stage: str) -> None:
    counted = count(replace(CHANGE, event=event, data=ARM | more), PROGRAM)
    assert (counted.month, by_suffix(counted.flows, "funnel")) == ("2017-03", {f"{stage}:warm": 1})


def test_who_is_active_is_known_by_variant() -> None:
    accepted = replace(CHANGE, data=ARM)
    levels = summed(count(fact, PROGRAM).gauges for fact in (accepted, accepted, LAPSED))
    assert by_suffix(levels, "active") == {"warm": 1}
    enrolled = replace(CHANGE, event="MemberEnrolled", from_status="prospect")
    assert by_suffix(count(enrolled, PROGRAM).gauges, "active") == {"-": 1}
    crossed_before = replace(enrolled, data=ARM)
    assert by_suffix(count(crossed_before, PROGRAM).gauges, "active") == {"warm": 1}


def test_who_crosses_when_active_or_takes_over_another_arm_is_active_in_that_arm() -> None:
    crossed = replace(CHANGE, event="ThresholdCrossed", from_status="active", data=ARM)
    absorbed = replace(
        CHANGE,
        event="MemberAbsorbed",
        from_status="active",
        data={"variant": "warm", "variant_before": None},
    )
    undone = replace(
        absorbed, event="MergeUndone", data={"variant": None, "variant_before": "warm"}
    )
    assert by_suffix(count(crossed, PROGRAM).gauges, "active") == {"warm": 1, "-": -1}
    assert by_suffix(count(absorbed, PROGRAM).gauges, "active") == {"warm": 1, "-": -1}
    assert by_suffix(count(undone, PROGRAM).gauges, "active") == {"warm": -1, "-": 1}


def test_a_fact_of_before_arms_were_told_twice_moves_nobody_between_them() -> None:
    absorbed = replace(CHANGE, event="MemberAbsorbed", from_status="active", data=ARM)
    assert by_suffix(count(absorbed, PROGRAM).gauges, "active") == {}


def test_who_has_crossed_is_in_an_arm_from_then_on() -> None:
    crossed = replace(CHANGE, event="ThresholdCrossed", to_status="invited", data=ARM)
    assert by_suffix(count(crossed, PROGRAM).gauges, "arm") == {"warm": 1}


def test_who_lapsed_and_who_is_top_count_in_the_month_that_was_judged() -> None:
    top = replace(
        CHANGE, event="TopCustomerNamed", from_status="active", data=ARM | {"month": "2017-02"}
    )
    for fact, stage in ((LAPSED, "lapsed:warm"), (top, "top:warm")):
        counted = count(fact, PROGRAM)
        assert (counted.month, by_suffix(counted.flows, "funnel")) == ("2017-02", {stage: 1})
    assert by_suffix(count(LAPSED, PROGRAM).gauges, "status") == {"active": -1, "inactive": 1}


@pytest.mark.parametrize("withdrawn", ["top", "lapsed"])
def test_a_correction_takes_away_from_the_month_that_was_judged(withdrawn: str) -> None:
    data = ARM | {"month": "2017-02", "withdrawn": withdrawn}
    fact = replace(CHANGE, event="EngagementCorrected", from_status="active", data=data)
    counted = count(fact, PROGRAM)
    assert (counted.month, by_suffix(counted.flows, "funnel")) == (
        "2017-02",
        {f"{withdrawn}:warm": -1},
    )


@pytest.mark.parametrize(
    ("withdrawn", "back_in", "levels"),
    [
        ("top", None, {}),
        ("lapsed", None, {}),
        ("lapsed", "2017-03", {"status:active": 1, "status:inactive": -1, "active:warm": 1}),
        ("won_back", None, {"status:active": -1, "status:inactive": 1, "active:warm": -1}),
    ],
)
def test_a_correction_says_who_was_active_after_all(
    withdrawn: str, back_in: str | None, levels: dict[str, int]
) -> None:
    data = ARM | {"month": "2017-02", "withdrawn": withdrawn, "back_in": back_in}
    fact = replace(CHANGE, event="EngagementCorrected", from_status="active", data=data)
    assert count(fact, PROGRAM).gauges == levels


def test_who_did_not_lapse_after_all_is_not_won_back() -> None:
    counted = count(replace(BACK, data=ARM | {"corrects": "2017-02"}), PROGRAM)
    assert (counted.month, by_suffix(counted.flows, "funnel")) == ("2017-02", {})
    assert by_suffix(counted.gauges, "active") == {"warm": 1}
    assert count(BACK, PROGRAM).month == "2017-03"


@pytest.mark.parametrize("event", ["OfferUsed", "RewardRedeemed"])
def test_who_uses_a_benefit_is_counted_once_a_month(event: str) -> None:
    counted = count(replace(CHANGE, event=event, from_status="active"), PROGRAM)
    assert counted.buyers == (Buyer("2017-03", "benefit", "m1"),)


@pytest.mark.parametrize(
    ("event", "owner", "redeemed_by", "user"),
    [
        ("VoucherRedeemed", "m1", None, "m1"),
        ("VoucherRedeemed", None, "m2", "m2"),
        ("VoucherRedeemed", None, None, None),
        ("VoucherRolledBack", "m1", "m1", None),
    ],
)
def test_who_redeems_a_voucher_uses_a_benefit(
    event: str, owner: str | None, redeemed_by: str | None, user: str | None
) -> None:
    fact = replace(voucher_fact(event, redeemed_by=redeemed_by), member_id=owner)
    users = (Buyer("2017-03", "benefit", user),) if user else ()
    assert count(fact, PROGRAM).buyers == users


def voucher_fact(event: str, **data: str | int | None) -> VoucherFact:
    return VoucherFact("v1", 1, event, NOON, "m1", "cause", data)


def test_vouchers_count_with_the_discount_that_they_gave() -> None:
    facts = [
        voucher_fact("VoucherIssued", amount_minor=2_500),
        voucher_fact("VoucherReserved", amount_minor=1_000),
        voucher_fact("VoucherRedeemed", amount_minor=1_000),
        voucher_fact("VoucherRedeemed", amount_minor=None),
        voucher_fact("VoucherRolledBack", amount_minor=1_000, undone="redeemed"),
        voucher_fact("VoucherRolledBack", amount_minor=700, undone="reserved"),
        voucher_fact("VoucherExpired", remaining_minor=2_500),
    ]

    flows = summed(count(fact, PROGRAM).flows for fact in facts)

    assert by_suffix(flows, "vouchers") == {
        "discount": 0,
        "issued_amount": 2_500,
        "redemptions": 1,
    }
    assert flows["facts:VoucherExpired"] == 1


def test_what_is_late_counts_elsewhere_and_says_so() -> None:
    moved = moved_to(count(ORDER, PROGRAM), "2017-05")

    assert moved.month == "2017-05"
    assert moved.flows["late:2017-03"] == 1
    assert {buyer.month for buyer in moved.buyers} == {"2017-05"}
