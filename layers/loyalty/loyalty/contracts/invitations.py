"""Invitations over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loyalty.contracts.values import Contract, Timestamp

LinkToken = Annotated[str, Field(max_length=2000)]


class InvitationView(Contract):
    """What a link's holder may know: no name, no address, no points."""

    state: Literal["open", "accepted", "declined"]
    expires_at: Timestamp


class UnsubscribeView(Contract):
    """`subscribed` tells whether marketing mail may still be sent."""

    subscribed: bool
