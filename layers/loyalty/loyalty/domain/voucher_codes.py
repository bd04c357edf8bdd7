"""Voucher codes: 85 random bits and a check character, in letters that nobody confuses.

A code is 18 characters of Crockford's base 32 (no I, L, O, U), each a number of five bits. Read as
the coefficients of a polynomial over the field of 32 elements, a code has the root α, which
generates the field: a Reed-Solomon code with one check symbol. α⁰ … α¹⁷ are all different and none
is zero, so every single wrong character and every swap of two different characters is found,
wherever they stand (docs/adr/0018-voucher-codes.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 17
CODE_CHARACTERS = RANDOM_CHARACTERS + 1
GROUP = 6

_NUMBERS = {character: number for number, character in enumerate(ALPHABET)}
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
# x⁵ + x² + 1, which is primitive over the field of two elements; α is x.
_PRIMITIVE = 0b100101


def complete(numbers: Sequence[int]) -> str:
    """Return the code of `RANDOM_CHARACTERS` numbers, each 0 … 31, with its check character."""
    if len(numbers) != RANDOM_CHARACTERS:
        raise ValueError(f"a code has {RANDOM_CHARACTERS} random characters")
    return "".join(
        ALPHABET[number] for number in (*numbers, _times_alpha(_value_at_alpha(numbers)))
    )


def read(typed: str) -> str | None:
    """Return the code that somebody typed or scanned; None when it cannot be one.

    Small letters, hyphens and spaces, I or L for 1 and O for 0 are understood.
    """
    code = typed.upper().translate(_READ_AS)
    if len(code) != CODE_CHARACTERS or not all(character in _NUMBERS for character in code):
        return None
    return code if _value_at_alpha(_NUMBERS[character] for character in code) == 0 else None


def shown(code: str) -> str:
    """Return the code as people read it: in groups."""
    return "-".join(code[start : start + GROUP] for start in range(0, CODE_CHARACTERS, GROUP))


def _value_at_alpha(numbers: Iterable[int]) -> int:
    value = 0
    for number in numbers:
        value = _times_alpha(value) ^ number
    return value


def _times_alpha(number: int) -> int:
    doubled = number << 1
    return doubled ^ _PRIMITIVE if doubled > 31 else doubled
