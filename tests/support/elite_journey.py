"""A customer of the journey's functions in moto, and the mail service and machine around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from loyalty.domain.member import Identity, Member, StatusChange
from loyalty.domain.orders import OrderKey
from loyalty.runtime import composition
from loyalty.services.ports import MemberChange
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeExecutions, FakeSender

SAMPLES = Path(__file__).parents[2] / "events" / "samples"
MEMBER_ID = "m2k7qvn4w5zj3c6hxtb2a"


def sample(name: str) -> dict[str, Any]:
    """Return the sample event of that name."""
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return event


def store_customer(member_id: str = MEMBER_ID, at: datetime = NOW, **fields: Any) -> Member:
    """Store a customer who crossed the threshold, with the fact of it, as an order does."""
    defaults: dict[str, Any] = {
        "version": 1,
        "created_at": at,
        "identities": (Identity("email", "ann@example.com"),),
        "lifetime_spend_minor": 51_500,
        "threshold_crossed_at": at,
        "crossing_order": OrderKey("shop", "O-1001"),
        "variant": "standard",
        "journey_program_version": 0,
    }
    member = Member(member_id, **(defaults | fields))
    crossed = StatusChange(
        member_id,
        1,
        "ThresholdCrossed",
        at,
        at,
        member.status,
        member.status,
        {"source": "shop", "order_id": "O-1001", "lifetime_spend_minor": 51_500},
    )
    composition.member_store().commit(
        MemberChange(member=member, claims=member.identities, status_changes=(crossed,))
    )
    return member


def stored(member_id: str = MEMBER_ID) -> Member:
    """Return the customer as it is now."""
    member = composition.member_store().member(member_id)
    assert member is not None
    return member


@contextmanager
def journey_surroundings() -> Iterator[tuple[FakeSender, FakeExecutions]]:
    """Let mails and executions be looked at instead of leaving."""
    sender, executions = FakeSender(), FakeExecutions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composition, "email_sender", lambda: sender)
        patch.setattr(composition, "executions", lambda: executions)
        yield sender, executions
