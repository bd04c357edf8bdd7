"""Checks the ledgers of one shard of members."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.check_ledger import check_shard


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    ports = composition.ledger_shard_ports()
    findings = check_shard(event["check_id"], event["shard"], **ports)
    return findings.model_dump(mode="json")
