"""Vouchers by rule: created once per id, cancelled only while nobody used them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.domain.errors import MemberBusy
from loyalty.domain.program import VoucherRule
from loyalty.domain.reward_errors import VoucherAlreadyCancelled
from loyalty.domain.vouchers import Voucher
from loyalty.services.cancel_voucher import withdraw_voucher
from loyalty.services.create_voucher import create_voucher
from loyalty.services.redeem_voucher import redeem_voucher
from loyalty.services.remove_expired_vouchers import remove_expired_vouchers
from loyalty.services.reserve_voucher import reserve_voucher
from loyalty.services.roll_back_voucher import roll_back_voucher
from tests.support.examples import NOW, PROGRAM
from tests.support.fakes import FakeClock, FakeMemberStore, FakeProgramStore
from tests.support.job_fakes import FakeReports
from tests.support.reward_fakes import FakeVoucherCodes, FakeVoucherStore
from tests.support.vouchers import a_request

RULE = VoucherRule("amount", 60, amount_minor=1_000)


class Issuer:
    def __init__(self) -> None:
        self.vouchers = FakeVoucherStore()
        self.codes = FakeVoucherCodes()
        self.program = FakeProgramStore(PROGRAM)
        self.clock = FakeClock(NOW)
        self.reports = FakeReports()

    def create(self, voucher_id: str = "V-1") -> Voucher:
        voucher = self.try_to_create(voucher_id)
        assert voucher is not None
        return voucher

    def try_to_create(self, voucher_id: str = "V-1") -> Voucher | None:
        return create_voucher(
            voucher_id,
            member_id="ada",
            rule=RULE,
            cause="tier/2017-02",
            vouchers=self.vouchers,
            codes=self.codes,
            program=self.program,
            clock=self.clock,
        )

    def cancel(self, voucher_id: str = "V-1") -> bool:
        return withdraw_voucher(
            voucher_id, reason="undone", vouchers=self.vouchers, clock=self.clock
        )

    def using(self) -> dict[str, Any]:
        return {
            "vouchers": self.vouchers,
            "store": FakeMemberStore(),
            "program": self.program,
            "clock": self.clock,
        }

    def clear_away(self, limit: int = 100) -> tuple[int, bool]:
        report = remove_expired_vouchers(
            self.clock.now(),
            vouchers=self.vouchers,
            reports=self.reports,
            clock=self.clock,
            limit=limit,
        )
        return report.expired, report.more


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def test_a_new_voucher_is_one_write(issuer: Issuer) -> None:
    voucher = issuer.create()
    assert issuer.vouchers.requests == 1
    assert (voucher.state, voucher.member_id, voucher.cause) == ("issued", "ada", "tier/2017-02")


def test_the_same_id_gives_the_first_voucher(issuer: Issuer) -> None:
    first = issuer.create()
    issuer.clock.advance(timedelta(days=3))
    assert issuer.create() == first
    assert len(issuer.vouchers.all) == 1


def test_it_is_tried_again_and_given_up_in_the_end(issuer: Issuer) -> None:
    issuer.vouchers.refusals = 2
    issuer.create()
    issuer.vouchers.refusals = 100
    with pytest.raises(MemberBusy):
        issuer.create("V-2")


def test_an_unused_voucher_is_cancelled_once(issuer: Issuer) -> None:
    issuer.create()
    assert issuer.cancel()
    assert issuer.cancel()
    assert [voucher.state for voucher in issuer.vouchers.all.values()] == ["cancelled"]


def test_what_was_cancelled_before_it_was_created_is_never_created(issuer: Issuer) -> None:
    assert issuer.cancel()
    assert issuer.cancel()
    assert issuer.try_to_create() is None
    assert issuer.vouchers.all == {}


def test_a_used_voucher_stays(issuer: Issuer) -> None:
    redeem_voucher(issuer.create().code, a_request("R-1", 1), **issuer.using())
    assert not issuer.cancel()


def test_a_reserved_voucher_is_cancelled_when_the_reservation_is_over(issuer: Issuer) -> None:
    code = issuer.create().code
    reserve_voucher(code, a_request("R-1", 1), **issuer.using())
    assert issuer.cancel()
    assert issuer.cancel()
    issuer.clock.advance(timedelta(minutes=PROGRAM.voucher_reservation_minutes))
    with pytest.raises(VoucherAlreadyCancelled):
        reserve_voucher(code, a_request("R-2", 1), **issuer.using())
    assert issuer.clear_away() == (1, False)
    assert [voucher.state for voucher in issuer.vouchers.all.values()] == ["cancelled"]
    assert issuer.clear_away() == (0, False)


def test_a_reserved_voucher_is_cancelled_with_the_roll_back(issuer: Issuer) -> None:
    code = issuer.create().code
    reserve_voucher(code, a_request("R-1", 1), **issuer.using())
    issuer.cancel()
    roll_back_voucher(code, "R-1", vouchers=issuer.vouchers, clock=issuer.clock)
    assert issuer.vouchers.all[code].state == "cancelled"
    assert [fact.event for fact in issuer.vouchers.facts.values()] == [
        "VoucherIssued",
        "VoucherReserved",
        "VoucherWithdrawn",
        "VoucherRolledBack",
        "VoucherCancelled",
    ]


def test_a_reserved_voucher_that_is_redeemed_stays(issuer: Issuer) -> None:
    code = issuer.create().code
    reserve_voucher(code, a_request("R-1", 1), **issuer.using())
    issuer.cancel()
    redeem_voucher(code, a_request("R-1", 1), **issuer.using())
    issuer.clock.advance(timedelta(minutes=PROGRAM.voucher_reservation_minutes))
    assert not issuer.cancel()
    assert issuer.clear_away() == (0, False)
    redeem_voucher(code, a_request("R-2", 1), **issuer.using())
    assert issuer.vouchers.all[code].remaining_minor == 998


def test_an_expired_voucher_is_left_to_the_job(issuer: Issuer) -> None:
    voucher = issuer.create()
    issuer.clock.at = voucher.terms.expires_at
    assert not issuer.cancel()
    assert issuer.clear_away() == (1, False)
    assert issuer.clear_away() == (0, False)


def test_the_job_goes_on_where_it_stopped(issuer: Issuer) -> None:
    for number in range(5):
        issuer.create(f"V-{number}")
    issuer.clock.advance(timedelta(days=61))
    assert issuer.clear_away(limit=1) == (5, False)  # a page is done as a whole
    for number in range(5, 8):
        issuer.create(f"V-{number}")
    issuer.clock.advance(timedelta(days=61))
    assert issuer.clear_away(limit=0) == (0, True)
    assert issuer.clear_away() == (3, False)
    assert {voucher.state for voucher in issuer.vouchers.all.values()} == {"expired"}


def test_a_job_that_did_not_run_for_a_year_finds_all(issuer: Issuer) -> None:
    issuer.create()
    assert issuer.clear_away() == (0, False)
    issuer.clock.advance(timedelta(days=365))
    assert issuer.clear_away() == (1, False)
