"""A version of the program as somebody types it: what is wrong with it, what it would change."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from loyalty.contracts.program import ProgramDocument, ProgramUpdate, ProgramView
from loyalty.domain.errors import ProgramInvalid, ProgramVersionConflict

_CONTEXT_LINES: Final = 2
LineKind = Literal["same", "added", "removed", "place"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: a path such as `tiers/1/threshold`, empty for the whole."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference; of kind `place`, it tells where the following ones are."""

    kind: LineKind
    text: str


def read_draft(
    text: str, *, based_on_version: int, effective_from: str, zone: ZoneInfo
) -> ProgramUpdate | tuple[Fault, ...]:
    """Read a typed version of the program.

    Parameters
    ----------
    text
        The definition as JSON.
    based_on_version
        The version that it changes.
    effective_from
        From when on it shall hold, as a local time such as `2017-04-01T06:00`; empty for now.
    zone
        The time zone of that time.

    Returns
    -------
    ProgramUpdate or tuple of Fault
        What is to be saved, or all that is wrong.
    """
    try:
        definition = json.loads(text)
    except json.JSONDecodeError as error:
        return (Fault(f"line {error.lineno}, column {error.colno}", f"no JSON: {error.msg}"),)
    try:
        moment = _moment(effective_from, zone)
    except ValueError:
        return (Fault("effective_from", "must be a date and time"),)
    try:
        document = ProgramDocument.model_validate(definition)
    except ValidationError as error:
        return tuple(
            Fault("/".join(map(str, fault["loc"])), fault["msg"])
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        )
    return ProgramUpdate(
        based_on_version=based_on_version, effective_from=moment, definition=document
    )


def attempt(
    draft: ProgramUpdate | tuple[Fault, ...], act: Callable[[ProgramUpdate], ProgramView]
) -> ProgramView | tuple[Fault, ...]:
    """Validate or save what was typed, and return what came of it, or all that is wrong."""
    if isinstance(draft, tuple):
        return draft
    try:
        return act(draft)
    except ProgramInvalid as error:
        return (Fault("", str(error)),)
    except ProgramVersionConflict:
        return (Fault("", "somebody else saved a version meanwhile; begin with that one"),)


def as_text(document: ProgramDocument) -> str:
    """Return a definition as JSON, a value a line, as people edit and compare it."""
    return json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=False)


def difference(before: ProgramDocument, after: ProgramDocument) -> Sequence[DiffLine]:
    """Return what changes from one definition to another, with the lines around; none for alike."""
    found = difflib.unified_diff(
        as_text(before).splitlines(), as_text(after).splitlines(), n=_CONTEXT_LINES, lineterm=""
    )
    # The first two lines name files.
    return [_diff_line(line) for number, line in enumerate(found) if number > 1]


def _diff_line(line: str) -> DiffLine:
    kinds: dict[str, LineKind] = {"+": "added", "-": "removed", " ": "same"}
    if line[0] in kinds:
        return DiffLine(kinds[line[0]], line[1:])
    return DiffLine("place", line)


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
