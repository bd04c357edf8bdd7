"""Tastes and their statistics as files: a line of JSON for each customer, or for each item.

Tastes are without any id: nobody can tell whose they are, and statistics need not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from loyalty.domain.errors import ImportNotFound
from loyalty.domain.taste_statistics import Companion, ItemStatistics, Statistics
from loyalty.domain.tastes import Tastes, as_document, of_document
from loyalty.services.ports import REFRESH_SHARDS, ObjectStore

STATISTICS_KEY: Final = "curation/statistics.jsonl"


def write_tastes(
    refresh_id: str, shard: int, tastes: Iterable[Tastes], objects: ObjectStore
) -> int:
    """Write the tastes of a shard's customers one by one; return of how many. Requests: 1."""
    written = 0

    def lines() -> Iterator[str]:
        nonlocal written
        for one in tastes:
            written += 1
            yield json.dumps(as_document(one), separators=(",", ":"))

    objects.write_lines(_tastes_key(refresh_id, shard), lines())
    return written


def read_tastes(refresh_id: str, objects: ObjectStore) -> Iterator[Tastes]:
    """Return the tastes of all shards. Requests: 1 for each shard.

    Raises
    ------
    ImportNotFound
        A shard was not written.
    """
    keys = (_tastes_key(refresh_id, shard) for shard in range(REFRESH_SHARDS))
    lines = chain.from_iterable(objects.read_lines(key) for key in keys)
    return (of_document(json.loads(line)) for line in lines)


def write_statistics(statistics: Statistics, objects: ObjectStore) -> None:
    """Write the statistics in place of the last ones. Requests: 1."""
    lines = (
        json.dumps([kind, name, *item], separators=(",", ":"))
        for kind, items in zip(Statistics._fields, statistics, strict=True)
        for name, item in items.items()
    )
    objects.write_lines(STATISTICS_KEY, lines)


def read_statistics(objects: ObjectStore) -> Statistics:
    """Return the last statistics; empty ones when there are none yet. Requests: 1."""
    found = Statistics({}, {})
    try:
        for line in objects.read_lines(STATISTICS_KEY):
            kind, name, rate, faith, companions = json.loads(line)
            known = tuple(Companion(*companion) for companion in companions)
            getattr(found, kind)[name] = ItemStatistics(rate, faith, known)
    except ImportNotFound:
        return found
    return found


class KeptStatistics:
    """The last statistics, read anew only when there are newer ones."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._version: str | None = None
        self._kept = Statistics({}, {})

    def latest(self) -> Statistics:
        """Return the last statistics, not to be changed. Requests: 1, and 1 for newer ones."""
        version = self._objects.version(STATISTICS_KEY)
        if version != self._version:
            self._kept = read_statistics(self._objects)
            # Those read may be newer than this version already; then they are read once more.
            self._version = version
        return self._kept


def _tastes_key(refresh_id: str, shard: int) -> str:
    return f"curation/tastes/{refresh_id}/{shard:03}.jsonl"
