"""A deploy that a crash cut off can be done again.

Raw MiniStack restores the stack as it was, in progress, and then refuses every update because one
is in progress. On AWS the operation would go on to its end. Here the stack becomes one that was
rolled back: it keeps the resources that are there, and the next deploy brings all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation

_UPDATABLE = "UPDATE_ROLLBACK_COMPLETE"


def apply() -> None:
    cloudformation.load_persisted_state = _ending_deploys(cloudformation.load_persisted_state)


def _ending_deploys(
    restore: Callable[[dict[str, Any]], None],
) -> Callable[[dict[str, Any]], None]:
    def restore_ended(data: dict[str, Any]) -> None:
        restore(data)
        for stack in cloudformation._stacks.all_values():
            if stack["StackStatus"].endswith("_IN_PROGRESS"):
                stack["StackStatus"] = _UPDATABLE
                stack["StackStatusReason"] = "interrupted by a restart"
                # Equal to no template that comes, or the next deploy would find nothing to do.
                stack["_template"] = {**stack["_template"], "Metadata": {"Interrupted": True}}

    return restore_ended
