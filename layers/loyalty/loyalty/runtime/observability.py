"""Logs, metrics and traces. Ids go onto them; names, addresses and payloads never do.

X-Ray's SDK costs as much of a cold start as all the rest together, so it is imported only where
`TRACING` is `active`; Lambda's and API Gateway's own segments are there without it. It stands
behind this module alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from loyalty.runtime.settings import settings

SERVICE = "loyalty"

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="Elite", service=SERVICE)

Event = TypeVar("Event")
Result = TypeVar("Result")
Handler = Callable[[Event, LambdaContext], Result]


def instrumented(handler: Handler[Event, Result]) -> Handler[Event, Result]:
    """Decorate a handler: request ids on log lines, metrics at the end, a trace where wanted."""
    logged = logger.inject_lambda_context(handler, clear_state=True)

    # Settings are read at the first call, never when a module is imported.
    @cache
    def inner() -> Handler[Event, Result]:
        return _traced(logged) if settings().tracing else logged

    @wraps(handler)
    def run(event: Event, context: LambdaContext) -> Result:
        try:
            result: Result = inner()(event, context)
            return result
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    return run


def _traced(handler: Callable[..., Any]) -> Callable[..., Any]:
    from aws_lambda_powertools import Tracer

    # Answers hold personal data: they stay out of the trace.
    traced: Callable[..., Any] = Tracer(
        service=SERVICE, patch_modules=["botocore"]
    ).capture_lambda_handler(handler, capture_response=False)
    return traced
