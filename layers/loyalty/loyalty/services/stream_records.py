"""What the tables' streams hand over."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """An item as inserted; `sequence_number` is its place in the stream's shard."""

    sequence_number: str
    pk: str
    sk: str
    image: Mapping[str, Any]

    @classmethod
    def of(cls, change: Mapping[str, Any]) -> StreamRecord:
        """Return what a record's `dynamodb` part says."""
        return cls(
            sequence_number=change["SequenceNumber"],
            pk=change["Keys"]["pk"]["S"],
            sk=change["Keys"]["sk"]["S"],
            image=change["NewImage"],
        )

    @property
    def event_id(self) -> str:
        """The same for every reading of the item, so that consumers can tell duplicates."""
        return hashlib.sha256(f"{self.pk}|{self.sk}".encode()).hexdigest()[:32]
