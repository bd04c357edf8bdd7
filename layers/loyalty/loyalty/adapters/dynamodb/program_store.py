"""Versions of the program definition, in ProgramTable."""

from __future__ import annotations

import time
from datetime import datetime

from pynamodb.exceptions import PutError

from loyalty.adapters.dynamodb.program_items import VERSIONS, VersionItem, version_key
from loyalty.domain.default_program import DEFAULT_PROGRAM
from loyalty.domain.errors import ProgramVersionConflict, ProgramVersionNotFound
from loyalty.domain.program import ProgramDefinition
from loyalty.services.program_ports import SavedProgram

BUILT_IN = 0


class DynamoProgramStore:
    """Implements `loyalty.services.program_ports.ProgramArchive`; its models must be bound.

    Versions never change, so those read are kept for ever; only versions added since are asked for,
    at most once in `cache_seconds` of real time.
    """

    def __init__(self, *, cache_seconds: float) -> None:
        self._cache_seconds = cache_seconds
        self._versions: dict[int, SavedProgram] = {}
        self._fresh_until = 0.0

    def current(self, at: datetime) -> ProgramDefinition:
        """Return the newest version in force at `at`; before the first one, the first one.

        Without any saved version it is the built-in one. No request, or one Query.
        """
        if time.monotonic() >= self._fresh_until:
            self._read_added()
        saved = [version.definition for version in self._versions.values()]
        if not saved:
            return self.version(BUILT_IN)
        in_force = [definition for definition in saved if definition.effective_from <= at]
        return in_force[-1] if in_force else saved[0]

    def version(self, number: int) -> ProgramDefinition:
        return self.saved(number).definition

    def saved(self, number: int) -> SavedProgram:
        if number == BUILT_IN:
            return SavedProgram(DEFAULT_PROGRAM, saved_by=None, saved_at=None)
        if number not in self._versions:
            self._read_added()
        try:
            return self._versions[number]
        except KeyError:
            raise ProgramVersionNotFound(str(number)) from None

    def latest_version(self) -> int:
        self._read_added()
        return max(self._versions, default=BUILT_IN)

    def save(self, program: SavedProgram) -> None:
        from loyalty.contracts.program import ProgramDocument

        definition = program.definition
        item = VersionItem(
            *version_key(definition.version),
            number=definition.version,
            effective_from=definition.effective_from,
            definition=ProgramDocument.from_domain(definition).model_dump_json(),
            saved_by=program.saved_by,
            saved_at=program.saved_at,
        )
        try:
            item.save(VersionItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise ProgramVersionConflict(str(definition.version)) from error
            raise

    def _read_added(self) -> None:
        _, last_known = version_key(max(self._versions, default=BUILT_IN))
        for item in VersionItem.query(VERSIONS, VersionItem.sk > last_known, consistent_read=True):
            self._versions[item.number] = _saved_program(item)
        self._fresh_until = time.monotonic() + self._cache_seconds


def _saved_program(item: VersionItem) -> SavedProgram:
    # Imported only when used: while nobody saved a version, an order needs no contract of it.
    from loyalty.contracts.program import ProgramDocument

    document = ProgramDocument.model_validate_json(item.definition)
    definition = document.to_domain(version=item.number, effective_from=item.effective_from)
    return SavedProgram(definition, item.saved_by, item.saved_at)
