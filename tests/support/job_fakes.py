"""What batch jobs need of the world besides the member store, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from loyalty.domain.errors import ImportNotFound


class FakeQueue:
    """Keeps what was sent; `delayed` is what of it is worked on later."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, object]] = []
        self.delayed: list[tuple[timedelta, Mapping[str, object]]] = []

    def send(
        self, messages: Iterable[Mapping[str, object]], *, delay: timedelta = timedelta(0)
    ) -> None:
        for message in messages:
            if delay:
                self.delayed.append((delay, message))
            else:
                self.messages.append(message)


class FakeReports:
    """Results of jobs by name and part."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Mapping[str, object]]] = {}

    def put(
        self, name: str, part: str, document: Mapping[str, object], *, is_lasting: bool = False
    ) -> None:
        self.documents.setdefault(name, {})[part] = document

    def get(self, name: str, part: str) -> Mapping[str, object] | None:
        return self.documents.get(name, {}).get(part)

    def parts(self, name: str) -> Iterator[Mapping[str, object]]:
        parts = self.documents.get(name, {})
        return (parts[part] for part in sorted(parts))


class FakeObjects:
    """A bucket of text files."""

    def __init__(self) -> None:
        self.files: dict[str, list[str]] = {}

    def read_lines(self, key: str) -> Iterator[str]:
        if key not in self.files:
            raise ImportNotFound(key)
        return iter(self.files[key])

    def version(self, key: str) -> str | None:
        return str(hash(tuple(self.files[key]))) if key in self.files else None

    def write_lines(self, key: str, lines: Iterable[str]) -> None:
        self.files[key] = list(lines)

    def write_json(self, key: str, document: object) -> None:
        self.files[key] = [json.dumps(document)]

    def upload_url(self, key: str, expires_in_seconds: int) -> str:
        return f"https://bucket.example/{key}?expires={expires_in_seconds}"
