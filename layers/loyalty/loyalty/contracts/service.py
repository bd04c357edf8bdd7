"""What the service says of itself."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.values import Contract, Timestamp


class Health(Contract):
    """`time` is the program clock's now."""

    status: Literal["ok"]
    version: str
    time: Timestamp
