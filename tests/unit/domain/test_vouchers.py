"""Vouchers: what they are at an instant, and every way through their life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from loyalty.domain.reward_errors import (
    RedemptionConflict,
    RedemptionNotFound,
    RedemptionRolledBack,
    VoucherAlreadyCancelled,
    VoucherAlreadyRedeemed,
    VoucherAmountExceeded,
    VoucherHasExpired,
    VoucherIsReserved,
    VoucherMemberNeeded,
    VoucherNotYetValid,
)
from loyalty.domain.voucher_terms import Terms
from loyalty.domain.voucher_uses import redeem, reserve, roll_back
from loyalty.domain.vouchers import Voucher, VoucherStep, cancel, end, issue, state_at, withdraw
from tests.support.examples import NOW
from tests.support.vouchers import (
    EXPIRES_AT,
    a_basket,
    a_code,
    a_request,
    a_voucher,
    amount_terms,
    percent_terms,
)

TIMED_OUT = NOW + timedelta(minutes=30)
TICK = timedelta(microseconds=1)


def reserved(voucher: Voucher, redemption_id: str = "R-1", *, at: datetime = NOW) -> VoucherStep:
    return reserve(voucher, None, a_request(redemption_id), at=at, until=at + (TIMED_OUT - NOW))


def told(step: VoucherStep) -> str:
    (fact,) = step.facts
    assert fact.voucher_version == step.voucher.version
    return fact.event


def test_a_new_voucher_is_issued_and_says_so_without_its_code() -> None:
    step = issue(a_code(), "V-1", amount_terms(), member_id="ada", cause="staff", at=NOW)
    assert (step.voucher.state, step.voucher.version, step.voucher.remaining_minor) == (
        "issued",
        1,
        1_000,
    )
    assert told(step) == "VoucherIssued"
    assert step.voucher.code not in repr(step.facts)


@pytest.mark.parametrize(("at", "state"), [(EXPIRES_AT - TICK, "issued"), (EXPIRES_AT, "expired")])
def test_a_voucher_expires_at_its_very_instant(at: datetime, state: str) -> None:
    voucher = a_voucher()
    assert state_at(voucher, at) == state
    if state == "issued":
        assert redeem(voucher, None, a_request(), at=at).voucher.state == "redeemed"
        assert end(voucher, at) is None
        return
    with pytest.raises(VoucherHasExpired):
        redeem(voucher, None, a_request(), at=at)
    with pytest.raises(VoucherHasExpired):
        cancel(voucher, "undone", at=at, only_unused=False)
    step = end(voucher, at)
    assert step is not None
    assert (step.voucher.state, told(step)) == ("expired", "VoucherExpired")
    assert end(step.voucher, at) is None


def test_a_voucher_is_valid_from_its_very_instant() -> None:
    voucher = a_voucher(replace(amount_terms(), valid_from=NOW + timedelta(days=1)))
    with pytest.raises(VoucherNotYetValid):
        redeem(voucher, None, a_request(), at=NOW + timedelta(days=1) - TICK)
    redeem(voucher, None, a_request(), at=NOW + timedelta(days=1))


@pytest.mark.parametrize(("at", "state"), [(TIMED_OUT - TICK, "reserved"), (TIMED_OUT, "issued")])
def test_a_reservation_frees_itself_at_its_very_instant(at: datetime, state: str) -> None:
    voucher = reserved(a_voucher()).voucher
    assert state_at(voucher, at) == state
    if state == "issued":
        assert redeem(voucher, None, a_request("R-2"), at=at).voucher.state == "redeemed"
        return
    with pytest.raises(VoucherIsReserved):
        redeem(voucher, None, a_request("R-2"), at=at)
    with pytest.raises(VoucherIsReserved):
        reserve(voucher, None, a_request("R-2"), at=at, until=TIMED_OUT)
    with pytest.raises(VoucherIsReserved):
        cancel(voucher, "undone", at=at, only_unused=True)


def test_a_reservation_never_outlives_its_voucher() -> None:
    step = reserved(a_voucher(), at=EXPIRES_AT - TICK)
    assert step.voucher.reservation is not None
    assert step.voucher.reservation.until == EXPIRES_AT
    with pytest.raises(VoucherHasExpired):
        redeem(step.voucher, step.use, a_request(), at=EXPIRES_AT)


def test_who_reserved_redeems_once_however_often_they_ask() -> None:
    kept = reserved(a_voucher(percent_terms()))
    assert told(kept) == "VoucherReserved"
    again = reserve(kept.voucher, kept.use, a_request(), at=NOW + TICK, until=TIMED_OUT + TICK)
    assert (again.voucher, again.facts) == (kept.voucher, ())
    spent = redeem(kept.voucher, kept.use, a_request(), at=NOW)
    assert (spent.voucher.state, told(spent)) == ("redeemed", "VoucherRedeemed")
    assert not redeem(spent.voucher, spent.use, a_request(), at=EXPIRES_AT).facts
    late = reserve(spent.voucher, spent.use, a_request(), at=NOW, until=TIMED_OUT)
    assert (late.voucher.state, late.facts) == ("redeemed", ())
    with pytest.raises(VoucherAlreadyRedeemed):
        redeem(spent.voucher, None, a_request("R-2"), at=NOW)


def test_a_reservation_that_timed_out_can_be_made_again() -> None:
    kept = reserved(a_voucher())
    again = reserve(
        kept.voucher, kept.use, a_request(), at=TIMED_OUT, until=TIMED_OUT + timedelta(minutes=30)
    )
    assert told(again) == "VoucherReserved"
    assert state_at(again.voucher, TIMED_OUT) == "reserved"


def test_an_amount_can_be_spent_in_parts_until_nothing_remains() -> None:
    first = redeem(a_voucher(), None, a_request("R-1", 400), at=NOW)
    assert (first.voucher.state, first.voucher.remaining_minor) == ("issued", 600)
    with pytest.raises(VoucherAmountExceeded):
        redeem(first.voucher, None, a_request("R-2", 601), at=NOW)
    last = redeem(first.voucher, None, a_request("R-2", 600), at=NOW)
    assert (last.voucher.state, last.voucher.remaining_minor) == ("redeemed", 0)


def test_without_an_amount_all_that_is_left_is_spent() -> None:
    first = redeem(a_voucher(), None, a_request("R-1", 400), at=NOW)
    last = redeem(first.voucher, None, a_request("R-2"), at=NOW)
    assert last.use is not None
    assert (last.use.amount_minor, last.voucher.state) == (600, "redeemed")
    assert not redeem(last.voucher, last.use, a_request("R-2"), at=NOW).facts


def test_a_reserved_part_is_redeemed_as_it_was_reserved() -> None:
    kept = reserve(a_voucher(), None, a_request("R-1", 300), at=NOW, until=TIMED_OUT)
    spent = redeem(kept.voucher, kept.use, a_request("R-1"), at=NOW)
    assert spent.voucher.remaining_minor == 700
    other = redeem(kept.voucher, kept.use, a_request("R-1", 500), at=NOW)
    assert other.voucher.remaining_minor == 500


def test_a_basket_decides_how_much_is_taken() -> None:
    request = a_request(basket=a_basket(300, 50))
    step = redeem(a_voucher(), None, request, at=NOW)
    assert (step.voucher.remaining_minor, step.voucher.state) == (650, "issued")
    off = redeem(a_voucher(percent_terms(10)), None, request, at=NOW)
    assert off.use is not None
    assert off.use.amount_minor == 35


@pytest.mark.parametrize("terms", [amount_terms(), percent_terms(10)])
def test_a_till_gets_no_more_than_the_voucher_takes_off_the_basket(terms: Terms) -> None:
    most = 35 if terms.percent else 350
    basket = a_basket(300, 50)
    with pytest.raises(VoucherAmountExceeded):
        redeem(a_voucher(terms), None, a_request("R-1", most + 1, basket=basket), at=NOW)
    step = redeem(a_voucher(terms), None, a_request("R-1", most, basket=basket), at=NOW)
    assert step.use is not None
    assert step.use.amount_minor == most


def test_without_basket_and_reservation_a_percentage_is_what_the_till_says() -> None:
    step = redeem(a_voucher(percent_terms(10)), None, a_request("R-1", 35), at=NOW)
    assert step.use is not None
    assert step.use.amount_minor == 35


def test_without_a_basket_a_percentage_is_what_was_reserved_at_most() -> None:
    voucher = a_voucher(percent_terms(10))
    request = a_request("R-1", basket=a_basket(300, 50))
    kept = reserve(voucher, None, request, at=NOW, until=TIMED_OUT)
    with pytest.raises(VoucherAmountExceeded):
        redeem(kept.voucher, kept.use, a_request("R-1", 36), at=NOW)
    spent = redeem(kept.voucher, kept.use, a_request("R-1", 35), at=NOW)
    assert spent.voucher.state == "redeemed"


@pytest.mark.parametrize("change", [{"order_id": "O-2"}, {"amount_minor": 401}])
def test_the_same_id_for_something_else_is_refused(change: dict[str, object]) -> None:
    spent = redeem(a_voucher(), None, a_request("R-1", 400), at=NOW)
    other = replace(a_request("R-1", 400), **change)  # type: ignore[arg-type]
    with pytest.raises(RedemptionConflict):
        redeem(spent.voucher, spent.use, other, at=NOW)
    kept = reserve(a_voucher(), None, a_request("R-1", 400), at=NOW, until=TIMED_OUT)
    with pytest.raises(RedemptionConflict):
        reserve(kept.voucher, kept.use, other, at=NOW, until=TIMED_OUT)


def test_rolling_back_a_reservation_frees_the_voucher_and_uses_up_the_id() -> None:
    kept = reserved(a_voucher())
    free = roll_back(kept.voucher, kept.use, "R-1", at=NOW)
    assert (free.voucher.state, free.voucher.reservation, told(free)) == (
        "issued",
        None,
        "VoucherRolledBack",
    )
    assert not roll_back(free.voucher, free.use, "R-1", at=NOW).facts
    with pytest.raises(RedemptionRolledBack):
        redeem(free.voucher, free.use, a_request(), at=NOW)
    with pytest.raises(RedemptionRolledBack):
        reserve(free.voucher, free.use, a_request(), at=NOW, until=TIMED_OUT)


def test_rolling_back_a_reservation_that_timed_out_leaves_the_next_one_alone() -> None:
    first = reserved(a_voucher(), "R-1")
    second = reserved(first.voucher, "R-2", at=TIMED_OUT)
    step = roll_back(second.voucher, first.use, "R-1", at=TIMED_OUT)
    assert step.voucher.reservation == second.voucher.reservation
    assert state_at(step.voucher, TIMED_OUT) == "reserved"


def test_a_redemption_that_nobody_knows_cannot_be_rolled_back() -> None:
    with pytest.raises(RedemptionNotFound):
        roll_back(a_voucher(), None, "R-1", at=NOW)


def test_rolling_back_after_the_expiry_restores_the_amount_but_no_life() -> None:
    spent = redeem(a_voucher(), None, a_request("R-1", 400), at=NOW)
    gone = end(spent.voucher, EXPIRES_AT)
    assert gone is not None
    step = roll_back(gone.voucher, spent.use, "R-1", at=EXPIRES_AT)
    assert (step.voucher.state, step.voucher.remaining_minor) == ("expired", 1_000)
    assert told(step) == "VoucherRolledBack"


@pytest.mark.parametrize("spend", [400, None])
def test_what_is_rolled_back_only_after_the_expiry_expires_with_it(spend: int | None) -> None:
    spent = redeem(a_voucher(), None, a_request("R-1", spend), at=NOW)
    step = roll_back(spent.voucher, spent.use, "R-1", at=EXPIRES_AT)
    assert (step.voucher.state, step.voucher.remaining_minor) == ("expired", 1_000)
    assert [(fact.event, fact.occurred_at) for fact in step.facts] == [
        ("VoucherRolledBack", EXPIRES_AT),
        ("VoucherExpired", EXPIRES_AT),
    ]
    assert [fact.voucher_version for fact in step.facts] == [3, step.voucher.version]
    assert end(step.voucher, EXPIRES_AT) is None
    assert not roll_back(step.voucher, step.use, "R-1", at=EXPIRES_AT).facts


def test_what_is_rolled_back_just_before_the_expiry_lives_on() -> None:
    spent = redeem(a_voucher(), None, a_request("R-1"), at=NOW)
    step = roll_back(spent.voucher, spent.use, "R-1", at=EXPIRES_AT - TICK)
    assert (step.voucher.state, told(step)) == ("issued", "VoucherRolledBack")


def withdrawn(voucher: Voucher) -> Voucher:
    step = withdraw(voucher, "undone", at=NOW)
    assert (step.voucher.state, told(step)) == ("reserved", "VoucherWithdrawn")
    assert not withdraw(step.voucher, "undone", at=NOW).facts
    return step.voucher


def test_a_withdrawn_voucher_is_cancelled_the_moment_its_reservation_is_over() -> None:
    kept = reserved(a_voucher())
    voucher = withdrawn(kept.voucher)
    assert state_at(voucher, TIMED_OUT - TICK) == "reserved"
    assert end(voucher, TIMED_OUT - TICK) is None
    assert state_at(voucher, TIMED_OUT) == "cancelled"
    with pytest.raises(VoucherAlreadyCancelled):
        redeem(voucher, kept.use, a_request(), at=TIMED_OUT)
    step = end(voucher, TIMED_OUT + timedelta(days=1))
    assert step is not None
    assert (step.voucher.state, told(step)) == ("cancelled", "VoucherCancelled")
    assert step.facts[0].occurred_at == TIMED_OUT
    assert step.facts[0].data["reason"] == "undone"


def test_a_withdrawn_voucher_that_was_redeemed_is_cancelled_with_the_roll_back() -> None:
    kept = reserved(a_voucher())
    spent = redeem(withdrawn(kept.voucher), kept.use, a_request("R-1", 400), at=NOW)
    assert state_at(spent.voucher, TIMED_OUT) == "issued"
    step = roll_back(spent.voucher, spent.use, "R-1", at=TIMED_OUT)
    assert (step.voucher.state, step.voucher.remaining_minor) == ("cancelled", 1_000)
    assert [fact.event for fact in step.facts] == ["VoucherRolledBack", "VoucherCancelled"]


def test_a_withdrawn_voucher_that_was_redeemed_in_part_expires_like_any_other() -> None:
    kept = reserved(a_voucher())
    spent = redeem(withdrawn(kept.voucher), kept.use, a_request("R-1", 400), at=NOW)
    again = reserved(spent.voucher, "R-2").voucher
    assert again.end_at == EXPIRES_AT
    step = end(again, EXPIRES_AT)
    assert step is not None
    assert (step.voucher.state, told(step)) == ("expired", "VoucherExpired")


def test_a_voucher_used_in_part_is_not_withdrawn() -> None:
    spent = redeem(a_voucher(), None, a_request("R-1", 400), at=NOW)
    for voucher in (spent.voucher, reserved(spent.voucher, "R-2").voucher):
        for at in (NOW, TIMED_OUT):
            with pytest.raises(VoucherAlreadyRedeemed):
                withdraw(voucher, "undone", at=at)


def test_a_cancelled_voucher_stays_cancelled() -> None:
    step = cancel(a_voucher(), "undone", at=NOW, only_unused=True)
    assert (step.voucher.state, told(step)) == ("cancelled", "VoucherCancelled")
    assert not cancel(step.voucher, "again", at=NOW, only_unused=True).facts
    with pytest.raises(VoucherAlreadyCancelled):
        redeem(step.voucher, None, a_request(), at=NOW)


def test_a_voucher_used_in_part_is_no_longer_unused() -> None:
    part = redeem(a_voucher(), None, a_request("R-1", 1), at=NOW)
    with pytest.raises(VoucherAlreadyRedeemed):
        cancel(part.voucher, "undone", at=NOW, only_unused=True)
    assert cancel(part.voucher, "fraud", at=NOW, only_unused=False).voucher.state == "cancelled"
    back = roll_back(part.voucher, part.use, "R-1", at=NOW)
    assert cancel(back.voucher, "undone", at=NOW, only_unused=True).voucher.state == "cancelled"


@pytest.mark.parametrize("terms", [amount_terms(), percent_terms()])
def test_a_redeemed_voucher_cannot_be_cancelled(terms: object) -> None:
    spent = redeem(a_voucher(terms), None, a_request(), at=NOW)  # type: ignore[arg-type]
    for only_unused in (True, False):
        with pytest.raises(VoucherAlreadyRedeemed):
            cancel(spent.voucher, "undone", at=NOW, only_unused=only_unused)
    back = roll_back(spent.voucher, spent.use, "R-1", at=NOW)
    assert back.voucher.state == "issued"
    assert back.voucher.is_unused


def test_uses_limited_by_member_are_counted_and_uncounted() -> None:
    voucher = a_voucher(percent_terms(member_limit=1), batch_id="B-1")
    with pytest.raises(VoucherMemberNeeded):
        redeem(voucher, None, a_request(), at=NOW)
    spent = redeem(voucher, None, a_request(member_id="ada"), at=NOW)
    assert spent.use is not None
    assert (spent.counted, spent.use.member_id) == (1, "ada")
    assert roll_back(spent.voucher, spent.use, "R-1", at=NOW).counted == -1
    assert reserved(voucher).counted == 0
