"""A harness that executes ``statemachines/*.asl.yaml`` in-process on simulated time."""

from tests.support.state_machines.coverage import Coverage
from tests.support.state_machines.definitions import CatchEdge, Definition, read_definition
from tests.support.state_machines.harness import (
    Execution,
    StateMachine,
    StateMachines,
    state_machines,
)
from tests.support.state_machines.moto_tokens import TaskTimedOut
from tests.support.state_machines.scripts import raises, returns, sequence
from tests.support.state_machines.simulated_clock import NothingLeftToHappen, SimulatedClock

__all__ = [
    "CatchEdge",
    "Coverage",
    "Definition",
    "Execution",
    "NothingLeftToHappen",
    "SimulatedClock",
    "StateMachine",
    "StateMachines",
    "TaskTimedOut",
    "raises",
    "read_definition",
    "returns",
    "sequence",
    "state_machines",
]
