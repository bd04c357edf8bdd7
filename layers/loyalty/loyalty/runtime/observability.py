"""Logs, metrics and traces. Ids go onto them; names, addresses and payloads never do.

Powertools is imported when the first line is written or the first number counted: an accepted order
does neither, and a till waits for its cold start (docs/benchmarks.md). X-Ray's SDK costs as much of
a cold start as all the rest together, so it is imported only where `TRACING` is `active`; Lambda's
own segments are there without it. They stand behind this module alone. None of them holds a path or
a query string, where links have their tokens; API Gateway's would, so the stage traces nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.utilities.typing import LambdaContext

SERVICE = "loyalty"

Event = TypeVar("Event")
Result = TypeVar("Result")
Handler = Callable[[Event, "LambdaContext"], Result]


class _AtFirstUse:
    """Stands for what `make` returns, and makes it when it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self.made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self.made is None:
            self.made = self._make()
        return getattr(self.made, name)


class _Invocation:
    """The invocation that is running; its ids go onto every line."""

    def __init__(self) -> None:
        self._context: LambdaContext | None = None
        self._is_first = False

    def begin(self, context: LambdaContext) -> None:
        self._is_first = self._context is None
        self._context = context
        if _logger.made is not None:
            self.put_on(_logger.made)

    def put_on(self, logger: Logger) -> None:
        """Give a logger the ids of this invocation, and take those of the last one away."""
        if self._context is None:
            return
        logger.inject_lambda_context(lambda _event, _context: None, clear_state=True)(
            {}, self._context
        )
        # Powertools takes the first invocation that it sees for the cold start.
        logger.append_keys(cold_start=self._is_first)


def _new_logger() -> Logger:
    from aws_lambda_powertools import Logger

    made = Logger(service=SERVICE)
    _invocation.put_on(made)
    return made


def _new_metrics() -> Metrics:
    from aws_lambda_powertools import Metrics

    return Metrics(namespace="Elite", service=SERVICE)


_invocation = _Invocation()
_logger = _AtFirstUse(_new_logger)
_metrics = _AtFirstUse(_new_metrics)
logger = cast("Logger", _logger)
metrics = cast("Metrics", _metrics)


def instrumented(handler: Handler[Event, Result]) -> Handler[Event, Result]:
    """Decorate a handler: request ids on log lines, metrics at the end, a trace where wanted."""

    # Settings are read at the first call, never when a module is imported.
    @cache
    def inner() -> Handler[Event, Result]:
        return _traced(handler) if settings().tracing else handler

    @wraps(handler)
    def run(event: Event, context: LambdaContext) -> Result:
        _invocation.begin(context)
        try:
            return inner()(event, context)
        finally:
            if _metrics.made is not None and metrics.metric_set:
                metrics.flush_metrics()

    return run


def _traced(handler: Callable[..., Any]) -> Callable[..., Any]:
    from aws_lambda_powertools import Tracer

    # Answers hold personal data: they stay out of the trace.
    traced: Callable[..., Any] = Tracer(
        service=SERVICE, patch_modules=["botocore"]
    ).capture_lambda_handler(handler, capture_response=False)
    return traced
