"""One replay at a time, and one sample of households on a state."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date

from pydantic import TypeAdapter

from local.workspace import Workspace


@dataclass(frozen=True)
class Sample:
    """What is replayed; both days included."""

    households: int
    first_day: date
    last_day: date
    seed: int

    @classmethod
    def of(cls, text: str) -> Sample:
        return TypeAdapter(cls).validate_json(text)

    def __str__(self) -> str:
        return (
            f"{self.households} households from {self.first_day} to {self.last_day}, "
            f"seed {self.seed}"
        )


class ReplayRefusedError(Exception):
    """This state is not free for the replay."""


@contextmanager
def alone(workspace: Workspace, sample: Sample) -> Iterator[None]:
    """Hold the state for a replay, and remember what is replayed on it.

    Raises
    ------
    ReplayRefusedError
        A replay is running, or another sample was replayed before: the figures of two cannot be
        told apart, and time does not go back.
    """
    with workspace.replay_file.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ReplayRefusedError(
                f"a replay is running already; the demo's tells of itself in "
                f"{workspace.demo_log_file}"
            ) from error
        file.seek(0)
        if text := file.read():
            before = Sample.of(text)
            if before != sample:
                raise ReplayRefusedError(
                    f"here {before} were replayed; another replay needs a fresh state: "
                    f"stop the cloud, remove {workspace.state_dir}, start it again"
                )
        else:
            file.write(json.dumps(asdict(sample), default=str))
            file.flush()
        yield
