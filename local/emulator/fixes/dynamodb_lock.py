"""One lock round every DynamoDB data call.

MiniStack's DynamoDB has no lock of its own: it is safe only because HTTP requests are
handled on one event loop. Step Functions tasks call the same functions from their own
threads, so a read-modify-write could interleave with a request and lose an update. AWS
makes every item operation and every transaction atomic.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

LOCK = threading.RLock()

_OPERATIONS = (
    "_put_item",
    "_get_item",
    "_delete_item",
    "_update_item",
    "_query",
    "_scan",
    "_batch_write_item",
    "_batch_get_item",
    "_transact_write_items",
    "_transact_get_items",
    "_execute_statement",
    "_batch_execute_statement",
    "_execute_transaction",
)


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return operation(*args, **kwargs)

    return locked


def apply() -> None:
    from ministack.services import dynamodb

    for name in _OPERATIONS:
        setattr(dynamodb, name, _locked(getattr(dynamodb, name)))
