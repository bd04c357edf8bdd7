"""Which Retry and which Catch an error meets, and how long a retry waits.

Raw MiniStack caps every back-off at a minute, ignores ``MaxDelaySeconds``, and lets ``States.ALL``
catch what AWS calls terminal. Jitter is accepted and not applied, so that equal runs are equal.
"""

from __future__ import annotations

from typing import Any

from local.emulator.fixes.stepfunctions_pauses import ExecutionError

# Not even States.ALL meets these.
_TERMINAL = ("States.DataLimitExceeded", "States.Runtime")
_TIMEOUTS = ("States.Timeout", "States.HeartbeatTimeout")

Rule = dict[str, Any]


def find_retrier(rules: list[Rule], error: ExecutionError) -> int | None:
    """Return the index of the first rule of a Retry that names the error."""
    return next((index for index, rule in enumerate(rules) if _names(rule, error.error)), None)


def find_catcher(rules: list[Rule], error: ExecutionError) -> Rule | None:
    """Return the first rule of a Catch that names the error."""
    return next((rule for rule in rules if _names(rule, error.error)), None)


def retry_delay_seconds(retrier: Rule, retries_before: int) -> float | None:
    """Return how long to wait before the next attempt, or None when there is no other one."""
    if retries_before >= retrier.get("MaxAttempts", 3):
        return None
    delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries_before
    return float(min(delay, retrier.get("MaxDelaySeconds", delay)))


def _names(rule: Rule, error: str) -> bool:
    names = rule["ErrorEquals"]
    if error in names:
        return True
    if error in _TERMINAL:
        return False
    if "States.ALL" in names or (error in _TIMEOUTS and "States.Timeout" in names):
        return True
    return "States.TaskFailed" in names and error not in _TIMEOUTS
