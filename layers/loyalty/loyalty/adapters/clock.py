"""The program's clock: the system's, or one that a small file controls (local time)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FileClock:
    """Time as a file says: `program_epoch + rate × (wall now − wall_epoch)`, in seconds.

    The file is replaced by renaming, so that a changed inode or modification time is all that has
    to be looked at before it is read again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._program_epoch = self._wall_epoch = self._rate = 0.0

    def now(self) -> datetime:
        state = self._path.stat()
        seen = (state.st_ino, state.st_mtime_ns)
        if seen != self._seen:
            setting = json.loads(self._path.read_text(encoding="utf-8"))
            self._program_epoch = float(setting["program_epoch"])
            self._wall_epoch = float(setting["wall_epoch"])
            self._rate = float(setting["rate"])
            self._seen = seen
        elapsed_seconds = self._rate * (time.time() - self._wall_epoch)
        return datetime.fromtimestamp(self._program_epoch + elapsed_seconds, UTC)
