"""Reads what the member bought in the period (W2)."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.evaluation import TransactionsTask
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.evaluate_member import get_recent_transactions


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = TransactionsTask.model_validate(event)
    transactions = get_recent_transactions(
        task.member_id, task.month, task.period, **composition.member_ports()
    )
    return transactions.model_dump(mode="json")
