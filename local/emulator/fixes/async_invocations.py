"""Asynchronous Lambda invocations as AWS makes them: kept, retried on the clock, then given up.

Raw MiniStack retries after one second of the wall clock, forgets what it had accepted when it is
killed, and lets EventBridge call Lambdas once, without retry or failure destination. AWS accepts
the event into a durable queue, retries after one and two minutes, and sends what still fails to the
on-failure destination or dead-letter queue; EventBridge invokes in this very way.
"""

from __future__ import annotations

import contextvars
import json
import threading
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import eventbridge, lambda_svc, sqs

from local.clock import program_clock
from local.emulator.snapshots import changes, register_snapshot

_RETRY_SECONDS = 60.0
_DEFAULT_RETRIES = 2
_DEFAULT_MAX_AGE_SECONDS = 21_600


@dataclass(slots=True)
class Invocation:
    """An event that a function has accepted and not finished yet."""

    function_arn: str
    event: Any
    accepted_at: float
    failures: int = 0
    due: float = 0.0


_accepted: dict[str, Invocation] = {}
_lock = threading.Lock()


def apply() -> None:
    lambda_svc.invoke_async_with_retry = _accept
    eventbridge._dispatch_to_lambda = _accept_from_rule
    register_snapshot("asynchronous_invocations", get_state, restore)


def get_state() -> dict[str, Any]:
    """Return the accepted events for a snapshot."""
    return {key: asdict(invocation) for key, invocation in _accepted.items()}


def restore(state: dict[str, Any]) -> None:
    """Take up again what a former process had accepted; each event is tried at least once more."""
    for key, saved in state.items():
        _schedule(key, Invocation(**saved))


def _accept(function: dict[str, Any], event: Any) -> None:
    config = function.get("config") or function
    now = program_clock().now()
    _schedule(str(uuid4()), Invocation(config["FunctionArn"], event, now, due=now))


def _accept_from_rule(function_ref: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(function_ref)
    if not function or not config:
        lambda_svc.logger.warning("EventBridge target %s does not exist", name)
        return
    _accept(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def _schedule(key: str, invocation: Invocation) -> None:
    clock = program_clock()
    with _lock:
        _accepted[key] = invocation
    if invocation.due > clock.now():
        clock.call_at(invocation.due, lambda: _start(key, invocation))
    else:
        _start(key, invocation)


def _start(key: str, invocation: Invocation) -> None:
    program_clock().enter("asynchronous invocation")
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, key, invocation), daemon=True).start()


def _run(key: str, invocation: Invocation) -> None:
    try:
        _attempt(key, invocation)
    finally:
        changes.mark()
        program_clock().leave("asynchronous invocation")


def _attempt(key: str, invocation: Invocation) -> None:
    arn = invocation.function_arn.split(":")
    set_request_region(arn[3])
    set_request_account_id(arn[4])
    function, config, name = lambda_svc._get_func_record_for_ref(invocation.function_arn)
    if not function:
        lambda_svc.logger.warning("%s was deleted before an event for it could run", name)
        _forget(key)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    result = lambda_svc._execute_function(record, invocation.event)
    if not result.get("error"):
        _forget(key)
        return
    invocation.failures += 1
    invocation.due = program_clock().now() + _RETRY_SECONDS * 2 ** (invocation.failures - 1)
    latest = (function.get("event_invoke_configs") or {}).get("$LATEST")
    settings = function.get("event_invoke_config") or latest or {}
    max_age = settings.get("MaximumEventAgeInSeconds") or _DEFAULT_MAX_AGE_SECONDS
    retries = settings.get("MaximumRetryAttempts", _DEFAULT_RETRIES)
    is_too_old = invocation.due - invocation.accepted_at > max_age
    if invocation.failures <= retries and not is_too_old:
        _schedule(key, invocation)
        return
    _give_up(name, config, settings, invocation, result)
    _forget(key)


def _forget(key: str) -> None:
    with _lock:
        _accepted.pop(key, None)


def _give_up(
    name: str,
    config: dict[str, Any],
    settings: dict[str, Any],
    invocation: Invocation,
    result: dict[str, Any],
) -> None:
    destination = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    target = destination or dead_letters
    queue = sqs._queue_by_arn(target) if target else None
    if queue is None:
        if target:
            lambda_svc._route_async_failure(target, name, invocation.event, result)
        return
    body = invocation.event if not destination else _failure_record(config, invocation, result)
    message = {"QueueUrl": queue["url"], "MessageBody": json.dumps(body)}
    sqs._act_send_message(message, queue["url"])


def _failure_record(
    config: dict[str, Any], invocation: Invocation, result: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": program_clock().now_iso(),
        "requestContext": {
            "functionArn": config["FunctionArn"],
            "condition": "RetriesExhausted",
            "approximateInvokeCount": invocation.failures,
        },
        "requestPayload": invocation.event,
        "responseContext": {
            "statusCode": 200,
            "functionError": result.get("function_error") or "Unhandled",
        },
        "responsePayload": result.get("body"),
    }
