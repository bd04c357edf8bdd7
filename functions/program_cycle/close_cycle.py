"""Keeps how a cycle ended."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.cycles import CloseTask
from loyalty.runtime import reporting
from loyalty.runtime.observability import instrumented
from loyalty.services.program_cycle import close_cycle


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = CloseTask.model_validate(event)
    ports = reporting.cycle_end_ports()
    close_cycle(task.cycle_id, task.month, task.state, task.reason, **ports)
    return {}
