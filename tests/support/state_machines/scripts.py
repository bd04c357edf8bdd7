"""Lambdas that a test scripts in place of the real handlers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

LambdaFunction = Callable[[Any, Any], Any]


def returns(value: Any = None) -> LambdaFunction:
    """Answer ``value``, or what ``value`` computes from the event."""

    def answer(event: Any, _context: Any) -> Any:
        return value(event) if callable(value) else value

    return answer


def raises(
    error: str | type[Exception] | Exception, message: str = "scripted failure"
) -> LambdaFunction:
    """Fail with an exception, a class of it, or one that is made to bear the given name."""
    if isinstance(error, str):
        error = type(error, (Exception,), {})
    failure = error if isinstance(error, Exception) else error(message)

    def fail(_event: Any, _context: Any) -> Any:
        raise failure

    return fail


def sequence(*steps: LambdaFunction) -> LambdaFunction:
    """One step per invocation; one invocation too many fails the test."""
    remaining = list(steps)
    lock = threading.Lock()

    def next_step(event: Any, context: Any) -> Any:
        with lock:
            assert remaining, f"invoked more than the {len(steps)} times that the test scripts"
            step = remaining.pop(0)
        return step(event, context)

    return next_step
