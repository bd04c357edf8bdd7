"""What the links in mails said when customers followed them.

A replay of what was replayed already follows them again, long after their time; that changes
nothing in the program, and must change nothing in what is expected of it.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from local.clock import iso


class FirstAnswers:
    """The HTTP status of each answer's first time, kept beside the cloud's state.

    Parameters
    ----------
    file
        A line of JSON for each answer: household, program time, status.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[tuple[int, str], int] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                household, at, status = json.loads(line)
                self._kept[household, at] = status

    def first(self, household: int, at: datetime, status: int) -> int:
        """Return the status of the first time; that is this one if there was none before."""
        key = household, iso(at.timestamp())
        if key not in self._kept:
            self._kept[key] = status
            with self._file.open("a") as file:
                file.write(f"{json.dumps([*key, status])}\n")
        return self._kept[key]
