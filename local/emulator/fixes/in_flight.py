"""Everything that MiniStack works on is counted, so the program clock knows when all is quiet.

Raw MiniStack has no notion of being idle. Here every Lambda invocation, background thread and look
into a queue or stream is counted while it runs, and messages and stream records that wait for a
mapping's Lambda are seen by probes. AWS needs none of this: its clock does not stop.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import _request_account_id, _request_region
from ministack.services import dynamodb, eventbridge, lambda_svc, s3, sns, sqs

from local.clock import Source, program_clock
from local.emulator.fixes.dynamodb_lock import LOCK
from local.emulator.snapshots import changes, register_snapshot

# MiniStack pauses its poller after looking in vain; the next record would wait for that.
_IDLE_GAP_SECONDS = 0.001

Mapping = dict[str, Any]


class _CountedThread(threading.Thread):
    """A thread that is in flight from its start, not only from its first instruction."""

    def start(self) -> None:
        program_clock().enter("thread")
        super().start()

    def run(self) -> None:
        try:
            super().run()
        finally:
            program_clock().leave("thread")


class CountingThreading:
    """The ``threading`` module as an emulated service sees it."""

    Thread = _CountedThread

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


def apply() -> None:
    for service, name in ((eventbridge, "threading"), (s3, "threading"), (sns, "_threading")):
        setattr(service, name, CountingThreading())
    lambda_svc._execute_function = _counted_invocation(lambda_svc._execute_function)
    lambda_svc.spawn_background = _counted_background(lambda_svc.spawn_background)
    for poll in ("_poll_sqs", "_poll_dynamodb_streams"):
        setattr(lambda_svc, poll, _counted_poll(getattr(lambda_svc, poll)))
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = _IDLE_GAP_SECONDS
    # A failed message is held back by its visibility time-out already.
    lambda_svc._ESM_BACKOFF_SECONDS = 0.0
    clock = program_clock()
    clock.add_probe("messages", _visible_messages)
    clock.add_probe("stream records", _unread_records)
    clock.add_source("messages", Source(_next_visible, _wake_poller))
    register_snapshot("clock", clock.get_state, clock.restore)
    clock.start()


def _counted_invocation(execute: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(execute)
    def counted(*args: Any, **kwargs: Any) -> Any:
        with program_clock().busy("invocation"):
            try:
                return execute(*args, **kwargs)
            finally:
                changes.mark()

    return counted


def _counted_background(spawn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(spawn)
    def counted(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        clock = program_clock()
        clock.enter("background")

        def run(*work_args: Any) -> None:
            try:
                work(*work_args)
            finally:
                changes.mark()
                clock.leave("background")

        return spawn(run, *args, **kwargs)

    return counted


def _counted_poll(poll: Callable[[], bool]) -> Callable[[], bool]:
    @functools.wraps(poll)
    def counted() -> bool:
        clock = program_clock()
        clock.enter("poll")
        did_work = True
        try:
            did_work = poll()
        finally:
            clock.leave("poll", did_work=did_work)
        return did_work

    return counted


def _working_mappings(service: str) -> Iterator[Mapping]:
    """Yield each mapping of a kind of source that has a function, within its account and region."""
    for account, region, mapping in lambda_svc._iter_all_esms():
        source_arn = mapping.get("EventSourceArn", "")
        if not mapping.get("Enabled", True) or source_arn.split(":")[2:3] != [service]:
            continue
        account_token = _request_account_id.set(account)
        region_token = _request_region.set(region)
        try:
            function, _ = lambda_svc._get_func_record_for_qualifier(
                mapping["FunctionName"], mapping.get("Qualifier")
            )
            if function is not None:
                yield mapping
        finally:
            _request_account_id.reset(account_token)
            _request_region.reset(region_token)


def _mapped_messages() -> Iterator[dict[str, Any]]:
    for mapping in _working_mappings("sqs"):
        queue = sqs._queue_by_arn(mapping["EventSourceArn"])
        yield from list(queue["messages"]) if queue else ()


def _visible_messages() -> int:
    now = program_clock().now()
    return sum(message["visible_at"] <= now for message in _mapped_messages())


def _next_visible() -> float | None:
    now = program_clock().now()
    hidden = (message["visible_at"] for message in _mapped_messages())
    return min((moment for moment in hidden if moment > now), default=None)


def _wake_poller(_due: float) -> None:
    lambda_svc.esm_wake.set()


def _unread_records() -> int:
    unread = 0
    for mapping in _working_mappings("dynamodb"):
        position = lambda_svc._dynamodb_stream_positions.get(mapping["UUID"])
        table_name = mapping["EventSourceArn"].split("/")[1]
        table = dynamodb._tables.get(table_name, {})
        if position is not None and table.get("LatestStreamArn") == mapping["EventSourceArn"]:
            with LOCK:
                unread += max(0, dynamodb.stream_end_position(table_name) - position)
    return unread
