"""Points over HTTP that no order brings: adjustments, transfers, actions."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from loyalty.contracts.values import POINTS_LIMIT, Contract, Key, Text, Timestamp


class AdjustmentRequest(Contract):
    """Points to give (> 0) or to take (< 0)."""

    adjustment_id: Key
    points: Annotated[int, Field(strict=True, ge=-POINTS_LIMIT, le=POINTS_LIMIT)]
    reason: Text

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.points == 0:
            raise ValueError("points must not be 0")
        return self


class AdjustmentAnswer(Contract):
    entry_id: str
    points: int
    points_available: int


class AdjustmentAwaited(Contract):
    """The adjustment is above the limit of one person: the task waits for another one."""

    task_id: str
    points: int


class TransferRequest(Contract):
    """Points for another member."""

    transfer_id: Key
    to_member_id: Key
    points: Annotated[int, Field(strict=True, ge=1, le=POINTS_LIMIT)]


class TransferAnswer(Contract):
    """`points_available` is what the giver has left."""

    entry_id: str
    points: int
    points_available: int


class ActionRequest(Contract):
    """Something that the program rewards and that is no purchase."""

    action_id: Key
    action: Key
    occurred_at: Timestamp


class ActionAnswer(Contract):
    entry_id: str
    points: int
    points_available: int
