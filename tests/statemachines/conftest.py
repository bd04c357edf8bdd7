"""Fixtures for executing state machines on simulated time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.state_machines import StateMachines, state_machines


@pytest.fixture
def machines() -> Iterator[StateMachines]:
    """A fresh moto with a simulated clock at 2017-01-01T00:00:00Z."""
    with state_machines() as harness:
        yield harness
