"""What reading and saving versions of the program needs of the world."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty.domain.program import ProgramDefinition
from loyalty.services.ports import ProgramStore


class SavedProgram(NamedTuple):
    """A version of the program and who saved it when; both None for the built-in version 0."""

    definition: ProgramDefinition
    saved_by: str | None
    saved_at: datetime | None


class ProgramArchive(ProgramStore, Protocol):
    """Program definitions for those who change them."""

    def saved(self, number: int) -> SavedProgram:
        """Return version `number`; raise `ProgramVersionNotFound` when there is none."""
        ...

    def latest_version(self) -> int:
        """Return the highest saved version, 0 when none was saved."""
        ...

    def save(self, program: SavedProgram) -> None:
        """Add the version; raise `ProgramVersionConflict` when its number is taken."""
        ...
