"""Trying again when somebody was faster."""

from __future__ import annotations

import pytest

from loyalty.domain.errors import MemberBusy, MemberNotFound
from loyalty.services.ports import ChangeRefused
from loyalty.services.retrying import BASE_SECONDS, CAP_SECONDS, RETRIES, with_retries


class Refusing:
    def __init__(self, times: int) -> None:
        self.left = times
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise ChangeRefused("TransactionConflict")
        return "done"


def test_decides_again_until_it_holds(no_pauses_between_retries: list[float]) -> None:
    decide = Refusing(RETRIES)
    assert with_retries(decide) == "done"
    assert decide.calls == RETRIES + 1
    assert len(no_pauses_between_retries) == RETRIES


def test_gives_up_after_five_retries() -> None:
    decide = Refusing(RETRIES + 1)
    with pytest.raises(MemberBusy):
        with_retries(decide)
    assert decide.calls == RETRIES + 1


def test_pauses_are_jittered_grow_and_are_capped(no_pauses_between_retries: list[float]) -> None:
    for _ in range(200):
        with_retries(Refusing(RETRIES))
    for attempt in range(RETRIES):
        pauses = no_pauses_between_retries[attempt::RETRIES]
        longest = min(CAP_SECONDS, BASE_SECONDS * 2**attempt)
        assert 0 <= min(pauses) < longest / 4
        assert longest * 3 / 4 < max(pauses) <= longest


def test_a_refusal_by_the_rules_is_final() -> None:
    calls = []

    def decide() -> None:
        calls.append(1)
        raise MemberNotFound("ada")

    with pytest.raises(MemberNotFound):
        with_retries(decide)
    assert len(calls) == 1
