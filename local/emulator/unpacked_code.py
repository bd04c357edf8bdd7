"""Unpacked function code and layers, one read-only copy for each content."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path


class CodeStore:
    """Directories named after the hash of the zip that they were unpacked from.

    Parameters
    ----------
    directory
        Where the copies live; made when missing, kept over restarts.
    keep
        How many recently used copies survive ``prune``.
    """

    def __init__(self, directory: Path, keep: int = 20) -> None:
        self.directory = directory
        self._keep = keep
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def unpack(self, content: bytes) -> Path:
        """Return the directory with the zip's files, unpacking it on first use."""
        target = self.directory / hashlib.sha256(content).hexdigest()
        with self._lock:
            if target.is_dir():
                os.utime(target)
                return target
            # Renamed when whole, so that a kill half-way leaves nothing that looks finished.
            partial = tempfile.mkdtemp(prefix="partial-", dir=self.directory)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(partial)
            Path(partial).rename(target)
            return target

    def prune(self) -> None:
        """Remove unfinished copies and all but the most recently used ones."""
        copies = [path for path in self.directory.iterdir() if path.is_dir()]
        copies.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        unfinished = [path for path in copies if path.name.startswith("partial-")]
        finished = [path for path in copies if path not in unfinished]
        for path in unfinished + finished[self._keep :]:
            shutil.rmtree(path)
