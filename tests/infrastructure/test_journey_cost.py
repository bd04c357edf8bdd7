"""How much runs between a crossing order and its customer's invite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

JOURNEY = Path(__file__).parents[2] / "statemachines" / "elite_journey.asl.yaml"
# The stream's publisher and the starter run before the machine does.
FUNCTIONS_BEFORE_THE_MACHINE = 2
FUNCTIONS_BEFORE_THE_INVITE = 3


def states_up_to(goal: str) -> list[dict[str, Any]]:
    """The states on the regular way (a Choice's default) from the start to `goal`, without it."""
    machine = yaml.safe_load(JOURNEY.read_text())
    name, passed = machine["StartAt"], []
    while name != goal:
        state = machine["States"][name]
        passed.append(state)
        name = state.get("Next") or state["Default"]
    return passed


def test_at_most_three_functions_run_before_the_invite_is_sent() -> None:
    tasks = [state for state in states_up_to("SendInvite") if state["Type"] == "Task"]
    assert FUNCTIONS_BEFORE_THE_MACHINE + len(tasks) <= FUNCTIONS_BEFORE_THE_INVITE
