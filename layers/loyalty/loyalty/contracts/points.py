"""Points over HTTP that no order brings: transfers and actions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loyalty.contracts.values import POINTS_LIMIT, Contract, Key, Timestamp


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
