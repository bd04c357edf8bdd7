"""Deciding again when somebody else was faster."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import sleep
from typing import TypeVar

from loyalty.domain.errors import MemberBusy
from loyalty.services.ports import ChangeRefused

RETRIES = 5
BASE_SECONDS = 0.02
CAP_SECONDS = 0.4

T = TypeVar("T")


def with_retries(decide: Callable[[], T]) -> T:
    """Call `decide` until its commit is not refused, at most `RETRIES` times more, full jitter.

    Parameters
    ----------
    decide
        Reads, decides and commits from scratch each time, so that a decision is never based on
        what was true before somebody else's change, and a commit whose answer got lost is found
        by the next reading.

    Raises
    ------
    MemberBusy
        All attempts were refused.
    """
    for attempt in range(RETRIES):
        try:
            return decide()
        except ChangeRefused:
            longest = min(CAP_SECONDS, BASE_SECONDS * 2**attempt)
            sleep(random.uniform(0, longest))  # noqa: S311 -- jitter, not a secret
    try:
        return decide()
    except ChangeRefused as refused:
        raise MemberBusy(f"refused {RETRIES + 1} times") from refused
