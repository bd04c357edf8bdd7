"""Points whose return window has ended become available, one shard of members a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.runtime import batch, composition
from loyalty.runtime.observability import instrumented
from loyalty.services.release_points import release_shard


def release(message: batch.Message) -> None:
    until = datetime.fromisoformat(message["until"])
    release_shard(message["shard"], until, **composition.release_ports())


@instrumented
def handler(event: dict[str, Any], context: Any) -> Any:
    return batch.work_through(event, release)
