"""Catalogues, kept for a while: every profile shows them, and they change seldom."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from loyalty.domain.offers import Offer
    from loyalty.domain.rewards import Reward
    from loyalty.services.offer_ports import OfferStore
    from loyalty.services.reward_ports import RewardStore

PAGE_SIZE = 100

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class CachedCatalogue:
    """Implements `loyalty.services.statement.RewardCatalogue`.

    It is read anew when somebody asks after `cache_seconds` of real time, by 1 query for each 100
    rewards.
    """

    def __init__(self, store: RewardStore, *, cache_seconds: float) -> None:
        self._kept = _Kept(lambda: _all(store.rewards), cache_seconds)

    def rewards(self) -> Sequence[Reward]:
        return self._kept.value()


class CachedOffers:
    """Implements `loyalty.services.offer_ports.OfferCatalogue`, as the rewards are cached."""

    def __init__(self, store: OfferStore, *, cache_seconds: float) -> None:
        self._kept = _Kept(lambda: _all(store.offers), cache_seconds)

    def offers(self) -> Sequence[Offer]:
        return self._kept.value()


class _Kept(Generic[T]):
    """Something that is read anew after `cache_seconds` of real time."""

    def __init__(self, read: Callable[[], Sequence[T]], cache_seconds: float) -> None:
        self._read = read
        self._cache_seconds = cache_seconds
        self._value: Sequence[T] = ()
        self._fresh_until = 0.0

    def value(self) -> Sequence[T]:
        if time.monotonic() >= self._fresh_until:
            self._value = self._read()
            self._fresh_until = time.monotonic() + self._cache_seconds
        return self._value


class _Pages(Protocol[T_co]):
    def __call__(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[T_co], str | None]: ...


def _all(pages: _Pages[T]) -> Sequence[T]:
    found: list[T] = []
    cursor: str | None = None
    while True:
        page, cursor = pages(limit=PAGE_SIZE, cursor=cursor)
        found += page
        if cursor is None:
            return found
