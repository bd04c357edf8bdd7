"""One log stream per worker, and a bound on what is kept.

Raw MiniStack opens a new CloudWatch log stream for every invocation and keeps all of them,
so a long replay fills the memory with logs. AWS has one stream per execution environment
and drops events by the group's retention.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import cloudwatch_logs, lambda_svc

EVENTS_PER_STREAM = 2_000
STREAMS_PER_GROUP = 20


def _log_group(name: str) -> dict[str, Any]:
    groups = cloudwatch_logs._log_groups
    if name not in groups:
        groups[name] = {
            "arn": cloudwatch_logs._make_group_arn(name),
            "creationTime": int(time.time() * 1000),
            "retentionInDays": None,
            "tags": {},
            "subscriptionFilters": {},
            "streams": {},
        }
    group: dict[str, Any] = groups[name]
    return group


def _log_stream(group: dict[str, Any], name: str) -> dict[str, Any]:
    streams: dict[str, dict[str, Any]] = group["streams"]
    if name not in streams:
        while len(streams) >= STREAMS_PER_GROUP:
            streams.pop(next(iter(streams)), None)
        streams[name] = {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": int(time.time() * 1000),
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        }
    return streams[name]


def _emit(
    func: dict[str, Any],
    request_id: str,
    log_text: str,
    error: bool,
    duration_ms: int,
    *,
    log_source: str | None = None,
) -> None:
    """Write one invocation's lines; ``log_source`` is the worker's stream name."""
    config = func.get("config") or func
    name = config["FunctionName"]
    group_name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    stream_name = log_source or "[$LATEST]no-worker"
    version = config.get("Version", "$LATEST")
    memory_mb = config.get("MemorySize", 128)
    lines = [
        f"START RequestId: {request_id} Version: {version}",
        *log_text.splitlines(),
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\tMemory Size: {memory_mb} MB",
    ]
    now_ms = int(time.time() * 1000)
    stream = _log_stream(_log_group(group_name), stream_name)
    cloudwatch_logs._append_log_events(
        stream,
        [{"timestamp": now_ms, "message": line, "ingestionTime": now_ms} for line in lines],
    )
    del stream["events"][:-EVENTS_PER_STREAM]
    cloudwatch_logs._fanout_to_subscription_filters(
        group_name, stream_name, [{"timestamp": now_ms, "message": line} for line in lines]
    )


def apply() -> None:
    lambda_svc._emit_lambda_logs = _emit
