"""Starts an import when a file has arrived in the bucket."""

from __future__ import annotations

from typing import Any

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.import_orders import start_import


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    bucket, arrived = event["detail"]["bucket"]["name"], event["detail"]["object"]
    ports = composition.import_start_ports()
    started = start_import(arrived["key"], arrived["etag"], bucket=bucket, **ports)
    logger.info("import", key=arrived["key"], started=started)
