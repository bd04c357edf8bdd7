"""Adds every immutable item that a change wrote to the program's totals."""

from __future__ import annotations

from typing import Any

from loyalty.adapters.dynamodb.stream_items import domain_item
from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.services.count_totals import count_totals
from loyalty.services.stream_records import StreamRecord


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    records = [StreamRecord.of(record["dynamodb"]) for record in event["Records"]]
    uncounted = count_totals(records, read_fact=domain_item, **reporting.counting_ports())
    for record in uncounted:
        logger.error("fact not counted", place=record.sequence_number, reason=record.reason)
    if uncounted:
        # A batch that fails in part is no error to Lambda's own metrics.
        metrics.add_metric("FactsNotCounted", "Count", len(uncounted))
    return {"batchItemFailures": [{"itemIdentifier": item.sequence_number} for item in uncounted]}
