"""DynamoDB stream mappings retry, split and give up as AWS does.

Raw MiniStack takes returned ``batchItemFailures`` for success, retries a raised error for
ever and runs every stream's Lambda on the one polling thread. AWS goes on from the first
record reported as failed, retries ``MaximumRetryAttempts`` times, halves the batch when
``BisectBatchOnFunctionError`` is set (which costs no attempt), and hands what stays poisoned
to the on-failure destination before it goes on; one stream does not wait for another.
Retries here are a fraction of a second apart, as nobody wants to wait for them.
"""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import _request_account_id, _request_region
from ministack.services import dynamodb, lambda_svc

from local.emulator import failure_destinations
from local.emulator.fixes.dynamodb_lock import LOCK

_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 2.0
_FOR_EVER = -1
# Consumed records that stay readable through the DynamoDB Streams API.
_KEPT_RECORDS = 1_000

Mapping = dict[str, Any]
Record = dict[str, Any]


@dataclass
class _Progress:
    """How far the batch at a mapping's position has come."""

    attempts: int = 0
    size_limit: int | None = None
    failures: int = 0


_progress: dict[str, _Progress] = {}


def apply() -> None:
    lambda_svc._poll_dynamodb_streams = _poll


def _poll() -> bool:
    """Start the next batch of every mapping that is not busy; tell whether there was one."""
    found = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        account_token = _request_account_id.set(account)
        region_token = _request_region.set(region)
        try:
            found = _start_batch(mapping) or found
        finally:
            _request_account_id.reset(account_token)
            _request_region.reset(region_token)
    return found


def _start_batch(mapping: Mapping) -> bool:
    mapping_id = mapping["UUID"]
    function = _function_of(mapping)
    if (
        function is None
        or lambda_svc._esm_inflight.get(mapping_id)
        or lambda_svc._esm_backoff_until.get(mapping_id, 0) > time.time()
    ):
        return False
    progress = _progress.setdefault(mapping_id, _Progress())
    position, records = _read(mapping, progress.size_limit or int(mapping["BatchSize"]))
    if not records:
        return False
    # The thread inherits this one's account and region.
    context = contextvars.copy_context()
    lambda_svc._dispatch_esm_batch(
        mapping_id, context.run, _process, mapping, function, position, records
    )
    return True


def _function_of(mapping: Mapping) -> dict[str, Any] | None:
    """Return the function of an enabled mapping whose table still has that stream."""
    source_arn = mapping["EventSourceArn"]
    if not mapping.get("Enabled", True) or source_arn.split(":")[2:3] != ["dynamodb"]:
        return None
    table = dynamodb._tables.get(_table_name(mapping))
    if not table or table.get("LatestStreamArn") != source_arn:
        return None
    function, _ = lambda_svc._get_func_record_for_qualifier(
        mapping["FunctionName"], mapping.get("Qualifier")
    )
    return function  # type: ignore[no-any-return]


def _table_name(mapping: Mapping) -> str:
    return str(mapping["EventSourceArn"].split("/")[1])


def _read(mapping: Mapping, limit: int) -> tuple[int, list[Record]]:
    """Return the mapping's position in its stream, and the records from there on."""
    table_name = _table_name(mapping)
    positions = lambda_svc._dynamodb_stream_positions
    with LOCK:
        if mapping["UUID"] not in positions:
            lambda_svc._init_stream_position(
                mapping["UUID"], mapping["EventSourceArn"], mapping["StartingPosition"]
            )
        oldest = dynamodb.stream_start_position(table_name)
        position = max(positions[mapping["UUID"]], oldest)
        return position, dynamodb.stream_records_since(table_name, position, limit)


def _process(
    mapping: Mapping, function: dict[str, Any], position: int, records: list[Record]
) -> None:
    """Invoke the function with a batch and move the position by what is done with."""
    wanted = lambda_svc._apply_filter_criteria(records, mapping)
    if not wanted:
        _advance(mapping, position + len(records))
        return
    result = lambda_svc._execute_function(function, {"Records": wanted})
    first_failed = _first_failed(mapping, wanted, result)
    if first_failed is None:
        mapping["LastProcessingResult"] = "OK"
        _advance(mapping, position + len(records))
        return
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    done = next(index for index, record in enumerate(records) if record is first_failed)
    if done:
        _advance(mapping, position + done, size_limit=len(records) - done, attempts=1)
    else:
        _retry(mapping, function, position, records, wanted, result)


def _first_failed(mapping: Mapping, wanted: list[Record], result: dict[str, Any]) -> Record | None:
    """Return the record from which the batch must be tried again, or None if all went well."""
    if result.get("error"):
        return wanted[0]
    body = result.get("body")
    if "ReportBatchItemFailures" not in mapping["FunctionResponseTypes"] or not body:
        return None
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return None
    failed = {failure.get("itemIdentifier") for failure in failures}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in wanted]
    if not failed <= set(numbers):
        # AWS takes an unknown identifier for a failure of the whole batch.
        return wanted[0]
    return next(record for record, number in zip(wanted, numbers, strict=True) if number in failed)


def _retry(
    mapping: Mapping,
    function: dict[str, Any],
    position: int,
    records: list[Record],
    wanted: list[Record],
    result: dict[str, Any],
) -> None:
    """Decide what happens to a batch whose first record failed: split, again, or give up."""
    progress = _progress[mapping["UUID"]]
    progress.failures += 1
    if not result.get("throttle"):
        progress.attempts += 1
    condition = _reason_to_give_up(mapping, progress, wanted)
    if _flag(mapping, "BisectBatchOnFunctionError") and len(records) > 1:
        _advance(mapping, position, size_limit=max(1, len(records) // 2))
    elif condition:
        failure_destinations.send(
            failure_destinations.FailedBatch(
                mapping, function["config"], condition, progress.attempts, wanted, result
            )
        )
        _advance(mapping, position + len(records))
    else:
        progress.size_limit = len(records)
        pause = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** (progress.failures - 1))
        lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + pause


def _reason_to_give_up(mapping: Mapping, progress: _Progress, wanted: list[Record]) -> str | None:
    attempts = int(mapping.get("MaximumRetryAttempts", _FOR_EVER))
    if attempts != _FOR_EVER and progress.attempts > attempts:
        return "RetryAttemptsExhausted"
    max_age_seconds = int(mapping.get("MaximumRecordAgeInSeconds", _FOR_EVER))
    created = float(wanted[0]["dynamodb"]["ApproximateCreationDateTime"])
    if max_age_seconds != _FOR_EVER and time.time() - created > max_age_seconds:
        return "MaxRecordAgeExceeded"
    return None


def _flag(mapping: Mapping, name: str) -> bool:
    # Values that came through a template's parameters are strings.
    return str(mapping.get(name, False)).lower() == "true"


def _advance(
    mapping: Mapping, position: int, size_limit: int | None = None, attempts: int = 0
) -> None:
    """Go on at ``position`` with a fresh batch of at most ``size_limit`` records."""
    mapping_id = mapping["UUID"]
    with LOCK:
        lambda_svc._dynamodb_stream_positions[mapping_id] = position
        _progress[mapping_id] = _Progress(attempts, size_limit)
        _forget_consumed(_table_name(mapping))


def _forget_consumed(table_name: str) -> None:
    """Drop records that every mapping is past, so that a stream does not grow for a day."""
    positions = [
        lambda_svc._dynamodb_stream_positions.get(mapping["UUID"], 0)
        for _, _, mapping in lambda_svc._iter_all_esms()
        if mapping["EventSourceArn"] == dynamodb._tables[table_name]["LatestStreamArn"]
    ]
    records = dynamodb._stream_records.get(table_name) or []
    trimmed = dynamodb._stream_trimmed.get(table_name, 0)
    consumed = min(positions, default=0) - trimmed
    surplus = min(consumed, len(records) - _KEPT_RECORDS)
    if surplus >= _KEPT_RECORDS:
        del records[:surplus]
        dynamodb._stream_trimmed[table_name] = trimmed + surplus
