"""Distributed Map: child executions, tolerated failures, results in S3.

Raw MiniStack reads a JSONata Distributed Map as JSONPath and ignores ``ItemBatcher`` and
``ResultWriter``. AWS runs each item or batch as a child execution of a map run, fails the state
when more than the tolerated failures happen, and, with a writer, puts the children's results as
``manifest.json``, ``SUCCEEDED_0.json`` and ``FAILED_0.json`` into a bucket, or as JSON Lines if its
configuration says so; the state's result is then only where. Without a writer the result is the
list of outputs, without tolerated failures.
"""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import Any
from uuid import uuid4

from ministack.services import s3
from ministack.services import stepfunctions as sf

from local.emulator.fixes import stepfunctions_history as history
from local.emulator.fixes.stepfunctions_items import Item, distributed_items
from local.emulator.fixes.stepfunctions_pauses import ExecutionError, drive, run_concurrently
from local.emulator.fixes.stepfunctions_scope import Scope, State
from local.emulator.fixes.stepfunctions_states import Interpreter

_MAX_CHILDREN = 4
_COUNTS = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "timedOut",
    "aborted",
    "total",
    "resultsWritten",
    "failuresNotRedrivable",
    "pendingRedrive",
)

Record = dict[str, Any]


def run_distributed_map(execution: Record, state: State, data: Any, scope: Scope) -> Any:
    """Run the map to its end, and return the state's result.

    Raises
    ------
    ExecutionError
        ``States.ExceedToleratedFailureThreshold``, or what reader and writer raise.
    """
    items = distributed_items(state, data, scope)
    limit = int(scope.field(state, "MaxConcurrency", data, "number", default=0)) or _MAX_CHILDREN
    run = _map_run(execution, state, len(items), limit)
    details = {"mapStateStartedEventDetails": {"length": len(items)}}
    history.add_event(execution, "MapStateStarted", details)
    started = {"mapRunStartedEventDetails": {"mapRunArn": run["mapRunArn"]}}
    history.add_event(execution, "MapRunStarted", started)
    lock = threading.Lock()
    children: list[Record] = [_child(run, state, item) for item in items]
    jobs = [
        partial(_run_child, state, child, item, scope, run, lock)
        for child, item in zip(children, items, strict=True)
    ]
    run_concurrently(jobs, min(limit, _MAX_CHILDREN))
    failed = sum(child["status"] == "FAILED" for child in children)
    is_exceeded = _exceeds(state, data, scope, failed, len(items))
    run.update(status="FAILED" if is_exceeded else "SUCCEEDED", stopDate=sf.now_iso())
    written = _write_results(state, data, scope, run, children) if "ResultWriter" in state else None
    history.add_event(execution, "MapRunFailed" if is_exceeded else "MapRunSucceeded")
    if is_exceeded:
        cause = "The specified tolerated failure threshold was exceeded"
        raise ExecutionError("States.ExceedToleratedFailureThreshold", cause)
    if written is not None:
        return written
    return [json.loads(child["output"]) for child in children if child["output"] is not None]


def _map_run(execution: Record, state: State, total: int, limit: int) -> Record:
    machine = execution["stateMachineArn"]
    label = state.get("Label") or uuid4().hex
    counts = dict.fromkeys(_COUNTS, 0) | {"total": total, "pending": total}
    run = {
        "mapRunArn": f"{machine.replace(':stateMachine:', ':mapRun:')}/{label}:{uuid4()}",
        "executionArn": execution["executionArn"],
        "status": "RUNNING",
        "startDate": sf.now_iso(),
        "maxConcurrency": limit,
        "toleratedFailurePercentage": 0.0,
        "toleratedFailureCount": 0,
        "itemCounts": dict(counts),
        "executionCounts": dict(counts),
        "redriveCount": 0,
        "_stateMachineArn": f"{machine}/{label}",
    }
    sf._map_runs[run["mapRunArn"]] = run
    return run


def _child(run: Record, state: State, item: Item) -> Record:
    machine = run["_stateMachineArn"]
    name = str(uuid4())
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    kind = state["ItemProcessor"].get("ProcessorConfig", {}).get("ExecutionType")
    child = {
        "executionArn": arn,
        "stateMachineArn": machine,
        "name": name,
        "status": "RUNNING",
        "startDate": sf.now_iso(),
        "stopDate": None,
        "input": history.as_text(item.argument),
        "output": None,
        "mapRunArn": run["mapRunArn"],
        # AWS keeps no history of Express executions.
        "events": None if kind == "EXPRESS" else [],
    }
    if kind != "EXPRESS":
        sf._executions[arn] = child
    return child


def _run_child(
    state: State, child: Record, item: Item, scope: Scope, run: Record, lock: threading.Lock
) -> None:
    processor = state["ItemProcessor"]
    context = {
        "Execution": {
            "Id": child["executionArn"],
            "Name": child["name"],
            "StartTime": child["startDate"],
            "Input": item.argument,
        },
        "StateMachine": scope.context["StateMachine"],
    }
    interpreter = Interpreter(child, processor["States"], Scope(context))
    _count(run, lock, "pending", "running")
    child["startDate"] = sf.now_iso()
    try:
        output = drive(interpreter.run(processor["StartAt"], item.argument))
    except ExecutionError as error:
        child.update(status="FAILED", error=error.error, cause=error.cause)
        _count(run, lock, "running", "failed")
    else:
        child.update(status="SUCCEEDED", output=history.as_text(output))
        _count(run, lock, "running", "succeeded")
    child["stopDate"] = sf.now_iso()


def _count(run: Record, lock: threading.Lock, source: str, target: str) -> None:
    with lock:
        for counts in (run["itemCounts"], run["executionCounts"]):
            counts[source] -= 1
            counts[target] += 1


def _exceeds(state: State, data: Any, scope: Scope, failed: int, total: int) -> bool:
    percentage = scope.field(state, "ToleratedFailurePercentage", data, "number")
    count = scope.field(state, "ToleratedFailureCount", data, "number")
    if percentage is None and count is None:
        return failed > 0
    is_over_percentage = percentage is not None and failed * 100 > percentage * total
    return is_over_percentage or (count is not None and failed > count)


def _write_results(
    state: State, data: Any, scope: Scope, run: Record, children: list[Record]
) -> Record:
    where = scope.evaluate(state["ResultWriter"].get("Arguments", {}), data)
    bucket = where["Bucket"]
    prefix = where.get("Prefix", "").strip("/")
    config = state["ResultWriter"].get("WriterConfig", {})
    suffix = "jsonl" if config.get("OutputType") == "JSONL" else "json"
    folder = "/".join(filter(None, (prefix, run["mapRunArn"].rpartition(":")[2])))
    files: dict[str, list[Record]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status in ("SUCCEEDED", "FAILED"):
        results = [_result(child) for child in children if child["status"] == status]
        if results:
            key = f"{folder}/{status}_0.{suffix}"
            body = _lines(results) if suffix == "jsonl" else json.dumps(results)
            files[status].append({"Key": key, "Size": _put(bucket, key, body)})
    manifest = {"DestinationBucket": bucket, "MapRunArn": run["mapRunArn"], "ResultFiles": files}
    manifest_key = f"{folder}/manifest.json"
    _put(bucket, manifest_key, json.dumps(manifest))
    run["itemCounts"]["resultsWritten"] = run["executionCounts"]["resultsWritten"] = len(children)
    return {
        "MapRunArn": run["mapRunArn"],
        "ResultWriterDetails": {"Bucket": bucket, "Key": manifest_key},
    }


def _result(child: Record) -> Record:
    result = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
    }
    if child["status"] == "SUCCEEDED":
        return result | {"Output": child["output"], "OutputDetails": {"Included": True}}
    return result | {"Error": child["error"], "Cause": child["cause"]}


def _lines(results: list[Record]) -> str:
    return "".join(f"{json.dumps(result)}\n" for result in results)


def _put(bucket: str, key: str, content: str) -> int:
    body = content.encode()
    headers = {"content-type": "application/json"}
    status, _, answer = s3._put_object(bucket, key, body, headers)
    if status != 200:
        reason = answer.decode(errors="replace")
        raise ExecutionError("States.ResultWriterFailed", f"{bucket}/{key}: {reason}")
    return len(body)
