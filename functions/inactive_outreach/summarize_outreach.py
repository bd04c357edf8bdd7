"""Adds up the shards of one run into its report."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.journeys import OutreachRun
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented
from loyalty.services.outreach import summarize_outreach


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    run = OutreachRun.model_validate(event)
    return summarize_outreach(run, reports=composition.report_store()).model_dump(mode="json")
