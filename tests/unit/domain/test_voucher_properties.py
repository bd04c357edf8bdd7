"""Whatever happens to a voucher in whatever order: nobody spends more than it has."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from loyalty.domain.errors import DomainError
from loyalty.domain.voucher_uses import redeem, reserve, roll_back
from loyalty.domain.vouchers import ENDED, VoucherStep, VoucherUse, cancel, end, state_at, withdraw
from tests.support.examples import NOW
from tests.support.vouchers import EXPIRES_AT, a_request, a_voucher, amount_terms, percent_terms

AMOUNT = 1_000
REDEMPTIONS = [f"R-{number}" for number in range(6)]


class VoucherLife(RuleBasedStateMachine):
    """Tills reserve, redeem and roll back, staff cancel, time passes, the job comes along."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.voucher = a_voucher(amount_terms(AMOUNT))
        self.uses: dict[str, VoucherUse] = {}
        self.facts = self.expiries = 0

    def take(self, step: VoucherStep | None) -> None:
        if step is None:
            return
        assert (not step.facts) == (step.voucher == self.voucher)
        self.facts += len(step.facts)
        self.expiries += sum(fact.event == "VoucherExpired" for fact in step.facts)
        self.voucher = step.voucher
        if step.use:
            self.uses[step.use.redemption_id] = step.use

    @rule(name=st.sampled_from(REDEMPTIONS), amount=st.none() | st.integers(1, AMOUNT + 1))
    def reserves(self, name: str, amount: int | None) -> None:
        until = self.now + timedelta(minutes=30)
        request = a_request(name, amount)
        try:
            self.take(reserve(self.voucher, self.uses.get(name), request, at=self.now, until=until))
        except DomainError:
            return

    @rule(name=st.sampled_from(REDEMPTIONS), amount=st.none() | st.integers(1, AMOUNT + 1))
    def redeems(self, name: str, amount: int | None) -> None:
        held = state_at(self.voucher, self.now)
        owner = self.voucher.reservation.redemption_id if self.voucher.reservation else None
        before = self.voucher
        try:
            self.take(
                redeem(self.voucher, self.uses.get(name), a_request(name, amount), at=self.now)
            )
        except DomainError:
            return
        if self.voucher != before:
            assert held == "issued" or (held == "reserved" and owner == name)

    @rule(name=st.sampled_from(REDEMPTIONS))
    def rolls_back(self, name: str) -> None:
        try:
            self.take(roll_back(self.voucher, self.uses.get(name), name, at=self.now))
        except DomainError:
            return

    @rule(only_unused=st.booleans())
    def cancels(self, only_unused: bool) -> None:
        try:
            self.take(cancel(self.voucher, "why", at=self.now, only_unused=only_unused))
        except DomainError:
            return

    @rule()
    def its_upgrade_is_undone(self) -> None:
        try:
            self.take(withdraw(self.voucher, "undone", at=self.now))
        except DomainError:
            return

    @rule(minutes=st.sampled_from([1, 10, 30, 60, 60 * 24 * 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_job_comes_along(self) -> None:
        self.take(end(self.voucher, self.now))

    @invariant()
    def what_is_spent_and_what_is_left_is_the_amount(self) -> None:
        spent = sum(use.amount_minor or 0 for use in self.uses.values() if use.state == "redeemed")
        assert self.voucher.remaining_minor == AMOUNT - spent >= 0

    @invariant()
    def every_change_left_a_fact(self) -> None:
        assert self.voucher.version == 1 + self.facts

    @invariant()
    def it_is_counted_as_expired_once_it_is_written_down(self) -> None:
        assert self.expiries == (self.voucher.state == "expired")

    @invariant()
    def the_job_finds_something_to_end_when_it_looks(self) -> None:
        if self.voucher.state not in ENDED:
            assert end(self.voucher, self.voucher.end_at) is not None

    @invariant()
    def its_state_fits_what_is_left(self) -> None:
        state = state_at(self.voucher, self.now)
        if state == "redeemed":
            assert self.voucher.remaining_minor == 0
        if state in ("issued", "reserved"):
            assert self.voucher.remaining_minor
            assert self.now < EXPIRES_AT
        if self.voucher.withdrawn and state == "issued":
            assert not self.voucher.is_unused
        if self.voucher.state in ENDED:
            assert self.voucher.reservation is None


VoucherLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestVoucherLife = VoucherLife.TestCase


@given(st.lists(st.integers(1, AMOUNT), max_size=8), st.data())
def test_rolling_everything_back_restores_the_voucher(
    parts: list[int], data: st.DataObject
) -> None:
    voucher, uses = a_voucher(amount_terms(AMOUNT)), []
    for number, part in enumerate(parts):
        if voucher.remaining_minor and part <= voucher.remaining_minor:
            step = redeem(voucher, None, a_request(f"R-{number}", part), at=NOW)
            voucher, uses = step.voucher, [*uses, step.use]
    for use in data.draw(st.permutations(uses)):
        assert use is not None
        voucher = roll_back(voucher, use, use.redemption_id, at=NOW).voucher
    assert (voucher.state, voucher.remaining_minor, voucher.is_unused) == ("issued", AMOUNT, True)


@given(st.lists(st.sampled_from(REDEMPTIONS), min_size=1, max_size=10))
def test_of_many_redemptions_the_first_one_wins(names: list[str]) -> None:
    voucher, uses = a_voucher(percent_terms()), dict[str, VoucherUse]()
    for name in names:
        try:
            step = redeem(voucher, uses.get(name), a_request(name), at=NOW)
        except DomainError:
            continue
        assert step.use is not None
        voucher, uses[name] = step.voucher, step.use
    assert list(uses) == names[:1]
