"""Voucher codes: unguessable, readable, and no slip of the hand makes another valid one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.voucher_codes import (
    ALPHABET,
    CODE_CHARACTERS,
    RANDOM_CHARACTERS,
    complete,
    read,
    shown,
)

NUMBERS = st.lists(st.integers(0, 31), min_size=RANDOM_CHARACTERS, max_size=RANDOM_CHARACTERS)


def test_a_code_has_at_least_80_random_bits_in_letters_that_nobody_confuses() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("ILOU")
    assert RANDOM_CHARACTERS * 5 >= 80


@given(NUMBERS)
def test_a_code_is_read_as_it_is_shown(numbers: list[int]) -> None:
    code = complete(numbers)
    assert len(code) == CODE_CHARACTERS
    assert shown(code).count("-") == 2
    assert read(code) == code
    assert read(shown(code)) == code
    assert read(f" {shown(code).lower()} ") == code
    assert read(code.replace("1", "l").replace("0", "o")) == code
    assert read(code.replace("1", "I").replace("0", "O")) == code


@given(NUMBERS)
def test_every_single_wrong_character_is_refused(numbers: list[int]) -> None:
    code = complete(numbers)
    for place, right in enumerate(code):
        for wrong in ALPHABET:
            typed = code[:place] + wrong + code[place + 1 :]
            assert read(typed) == (code if wrong == right else None)


@given(NUMBERS)
def test_every_swap_is_refused(numbers: list[int]) -> None:
    code = complete(numbers)
    for first in range(CODE_CHARACTERS):
        for second in range(first + 1, CODE_CHARACTERS):
            typed = list(code)
            typed[first], typed[second] = typed[second], typed[first]
            same = code[first] == code[second]
            assert read("".join(typed)) == (code if same else None)


def test_neighbours_are_among_the_swaps() -> None:
    code = complete(range(RANDOM_CHARACTERS))
    for left, right in pairwise(range(CODE_CHARACTERS)):
        typed = list(code)
        typed[left], typed[right] = code[right], code[left]
        assert read("".join(typed)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "0" * 17,
        "0" * 19,
        "U" * 18,
        "é" * 18,
        "🎁" * 18,
        "0" * 17 + "1",
        "٠" * 18,
        "ı" * 18,
    ],
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert read(typed) is None


@pytest.mark.parametrize("length", [0, 16, 18])
def test_a_code_has_all_its_random_characters(length: int) -> None:
    with pytest.raises(ValueError, match="17 random characters"):
        complete([0] * length)
