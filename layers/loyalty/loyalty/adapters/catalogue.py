"""The catalogue of rewards, kept for a while: every profile shows it, and it changes seldom."""

from __future__ import annotations

import time
from collections.abc import Sequence

from loyalty.domain.rewards import Reward
from loyalty.services.reward_ports import RewardStore

PAGE_SIZE = 100


class CachedCatalogue:
    """Implements `loyalty.services.statement.RewardCatalogue`.

    It is read anew when somebody asks after `cache_seconds` of real time, by 1 query for each 100
    rewards.
    """

    def __init__(self, store: RewardStore, *, cache_seconds: float) -> None:
        self._store = store
        self._cache_seconds = cache_seconds
        self._rewards: tuple[Reward, ...] = ()
        self._fresh_until = 0.0

    def rewards(self) -> Sequence[Reward]:
        if time.monotonic() >= self._fresh_until:
            self._rewards = tuple(self._read())
            self._fresh_until = time.monotonic() + self._cache_seconds
        return self._rewards

    def _read(self) -> list[Reward]:
        found: list[Reward] = []
        cursor: str | None = None
        while True:
            page, cursor = self._store.rewards(limit=PAGE_SIZE, cursor=cursor)
            found += page
            if cursor is None:
                return found
