"""Points are released after their return window, and booked out when their lot has expired.

One message is one kind of work in one shard of members.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.runtime import batch, composition
from loyalty.runtime.observability import instrumented
from loyalty.services.due_points import work_through_shard


def work(message: batch.Message) -> None:
    until = datetime.fromisoformat(message["until"])
    work_through_shard(message["kind"], message["shard"], until, **composition.due_ports())


@instrumented
def handler(event: dict[str, Any], context: Any) -> Any:
    return batch.work_through(event, work)
