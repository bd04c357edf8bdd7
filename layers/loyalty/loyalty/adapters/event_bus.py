"""Events onto the EventBridge bus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from loyalty.adapters.aws import Aws

BATCH_LIMIT = 10
BATCH_LIMIT_BYTES = 256 * 1024
TIME_BYTES = 14  # what EventBridge counts for an entry's time


class EventBridgeBus:
    """Implements `loyalty.services.ports.EventBus`.

    An event is a mapping with `source`, `detail_type`, `detail` (JSON-ready) and `time` (ISO 8601).
    """

    def __init__(self, aws: Aws, *, bus_name: str) -> None:
        self._aws = aws
        self._bus_name = bus_name

    def publish(self, events: Sequence[Mapping[str, object]]) -> set[int]:
        """Put events in batches that EventBridge takes; return the indexes of those not taken."""
        refused: set[int] = set()
        for batch in _batches([self._entry(event) for event in events]):
            answer = self._aws.client("events").put_events(Entries=[entry for _, entry in batch])
            if answer["FailedEntryCount"]:
                results = zip(batch, answer["Entries"], strict=True)
                refused |= {index for (index, _), result in results if "ErrorCode" in result}
        return refused

    def _entry(self, event: Mapping[str, object]) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus_name,
            "Source": str(event["source"]),
            "DetailType": str(event["detail_type"]),
            "Detail": json.dumps(event["detail"], separators=(",", ":")),
            "Time": datetime.fromisoformat(str(event["time"])),
        }


def _batches(
    entries: list[PutEventsRequestEntryTypeDef],
) -> Iterator[list[tuple[int, PutEventsRequestEntryTypeDef]]]:
    batch: list[tuple[int, PutEventsRequestEntryTypeDef]] = []
    batch_bytes = 0
    for index, entry in enumerate(entries):
        size = TIME_BYTES + sum(
            len(entry[part].encode()) for part in ("Source", "DetailType", "Detail")
        )
        if batch and (len(batch) == BATCH_LIMIT or batch_bytes + size > BATCH_LIMIT_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append((index, entry))
        batch_bytes += size
    if batch:
        yield batch
