"""What of a machine has run: states entered and catchers taken, over a whole test module."""

from __future__ import annotations

from pathlib import Path

from tests.support.state_machines.definitions import CatchEdge, read_definition


class Coverage:
    """Collects what was executed of one ASL file.

    Parameters
    ----------
    path
        The file; its states and catchers are what ``missing`` measures against.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.states: set[str] = set()
        self.catch_edges: set[CatchEdge] = set()

    def missing(self) -> list[str]:
        """States and catchers that no run went through, by name."""
        definition = read_definition(self.path)
        return [name for name in definition.states if name not in self.states] + [
            str(edge) for edge in definition.catch_edges if edge not in self.catch_edges
        ]
