"""Expressions are read once, not once per item.

MiniStack splits a condition into tokens and checks its grammar anew for every item that a query
looks at, which takes longer than to evaluate it. What a text says does not change.
"""

from __future__ import annotations

import functools

_TEXTS = 1024


def apply() -> None:
    from ministack.services import dynamodb

    for name in ("_tokenize", "_condition_syntax_error"):
        setattr(dynamodb, name, functools.lru_cache(_TEXTS)(getattr(dynamodb, name)))
