"""Publishes the event of every immutable item that a change wrote."""

from __future__ import annotations

from typing import Any

from loyalty.adapters.dynamodb.stream_items import domain_item
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.publish_events import publish
from loyalty.services.stream_records import StreamRecord


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    records = [StreamRecord.of(record["dynamodb"]) for record in event["Records"]]
    unpublished = publish(records, read_fact=domain_item, bus=composition.event_bus())
    for record in unpublished:
        logger.error("event not published", place=record.sequence_number, reason=record.reason)
    if unpublished:
        # A batch that fails in part is no error to Lambda's own metrics.
        metrics.add_metric("EventsNotPublished", "Count", len(unpublished))
    return {"batchItemFailures": [{"itemIdentifier": item.sequence_number} for item in unpublished]}
