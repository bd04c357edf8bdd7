"""Faults on order, for tests of retries: refuse a call, or lose its answer.

``POST /_local/faults`` takes one rule, ``DELETE`` removes all, ``GET`` lists what is left::

    {"service": "dynamodb", "operation": "TransactWriteItems", "kind": "conflict", "count": 3}
    {"service": "ses", "operation": "SendEmail", "kind": "lost_response", "share": 0.2, "seed": 7}
    {"service": "lambda", "operation": "Invoke", "resource": "<function>", "kind": "throttle"}

``count`` hits the next calls; ``share`` hits that part of all calls, drawn from ``seed``, until
removed. Kinds: ``conflict`` (transactions only: cancelled, every reason
``TransactionConflict``), ``throttle`` and ``error`` answer before the call took effect;
``lost_response`` lets it take effect and then answers a server error.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["conflict", "throttle", "error", "lost_response"]


@dataclass
class Fault:
    """One rule; ``count`` and ``share`` exclude each other."""

    service: str
    operation: str
    kind: Kind
    resource: str | None = None
    count: int | None = None
    share: float | None = None
    seed: int = 0
    hits: int = 0
    _random: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}")
        if self.count is not None and self.share is not None:
            raise ValueError("give count or share, not both")
        if self.count is None and self.share is None:
            self.count = 1
        self._random = random.Random(self.seed)

    def matches(self, service: str, operation: str, resource: str | None) -> bool:
        return (self.service, self.operation) == (service, operation) and self.resource in (
            None,
            resource,
        )

    def draw(self) -> bool:
        """Decide whether this call is hit, and count it."""
        if self.share is not None:
            hit = self._random.random() < self.share
        else:
            hit = (self.count or 0) > self.hits
        self.hits += hit
        return hit

    def describe(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if not key.startswith("_")}


_rules: list[Fault] = []
_lock = threading.Lock()


def add(fault: Fault) -> None:
    with _lock:
        _rules.append(fault)


def clear() -> None:
    with _lock:
        _rules.clear()


def listing() -> list[dict[str, Any]]:
    with _lock:
        return [rule.describe() for rule in _rules]


def take(service: str, operation: str, resource: str | None = None) -> Kind | None:
    """Return the kind of the first fault that hits this call, or None."""
    if not _rules:
        return None
    with _lock:
        for rule in _rules:
            if rule.matches(service, operation, resource) and rule.draw():
                return rule.kind
    return None


def parse(body: bytes) -> Fault:
    """Read one rule; raises ValueError or TypeError when it is not one."""
    return Fault(**json.loads(body))
