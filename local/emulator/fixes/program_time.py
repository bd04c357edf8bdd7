"""Queues, events, topics and mail take their time from the program clock.

Raw MiniStack stamps messages and events with the wall clock. Delays, visibility time-outs and
retention would then run in seconds of the laptop, while the program's time jumps by days. On AWS
there is only one time.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from time import struct_time
from typing import Any

from ministack.services import eventbridge, s3, ses, ses_v2, sns, sqs

from local.clock import program_clock

_LONG_POLL_SECONDS = 0.05


class _ProgramTime:
    """The ``time`` module as an emulated service sees it."""

    @staticmethod
    def time() -> float:
        return program_clock().now()

    @staticmethod
    def gmtime(seconds: float | None = None) -> struct_time:
        return time.gmtime(program_clock().now() if seconds is None else seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def apply() -> None:
    for service in (eventbridge, s3, ses, ses_v2, sns, sqs):
        service.time = _ProgramTime()
    sqs._HANDLERS["ReceiveMessage"] = _patient_receive(sqs._HANDLERS["ReceiveMessage"])


def _patient_receive(receive: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Long polling is a client's patience: it stays on the wall clock, which always moves."""

    async def patient_receive(data: dict[str, Any], queue_url: str) -> Any:
        queue = sqs._get_q(data.get("QueueUrl", queue_url), "sqs:ReceiveMessage")
        default_wait = queue["attributes"].get("ReceiveMessageWaitTimeSeconds", "0")
        deadline = time.monotonic() + int(data.get("WaitTimeSeconds", default_wait))
        while True:
            answer = await receive({**data, "WaitTimeSeconds": 0}, queue_url)
            if answer or time.monotonic() >= deadline:
                return answer
            await sqs.asyncio.sleep(_LONG_POLL_SECONDS)

    return patient_receive
