"""Read an ASL file as it stands: YAML, substitutions, and what there is to cover."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9]+)\}")


class _PlainLoader(yaml.SafeLoader):
    """YAML as SAM reads it into JSON: a timestamp stays a string."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class CatchEdge:
    """A catcher of a state, named as its ASL file names it."""

    state: str
    errors: tuple[str, ...]
    next_state: str

    def __str__(self) -> str:
        return f"{self.state} --[{', '.join(self.errors)}]--> {self.next_state}"


@dataclass(frozen=True)
class Definition:
    """A state machine's file, ready for the interpreter."""

    path: Path
    document: dict[str, Any]

    @property
    def states(self) -> list[str]:
        return [name for name, _ in walk_states(self.document)]

    @property
    def catch_edges(self) -> list[CatchEdge]:
        return [
            CatchEdge(name, tuple(catcher["ErrorEquals"]), catcher["Next"])
            for name, state in walk_states(self.document)
            for catcher in state.get("Catch", [])
        ]

    def as_json(self, substitutions: Mapping[str, str]) -> str:
        """The definition with each ``${Name}`` replaced; a name not given stands for itself."""
        text = json.dumps(_in_motos_grammar(self.document))
        return _SUBSTITUTION.sub(lambda match: substitutions.get(match[1], match[1]), text)


@lru_cache
def read_definition(path: Path) -> Definition:
    """Read an ``.asl.yaml`` (or JSON) file; read once per test run."""
    return Definition(path, yaml.load(path.read_text(), Loader=_PlainLoader))


def walk_states(machine: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states of a machine, those inside Map and Parallel included."""
    for name, state in machine["States"].items():
        yield name, state
        for inner in (state.get("ItemProcessor"), *state.get("Branches", [])):
            if inner is not None:
                yield from walk_states(inner)


def _in_motos_grammar(node: Any) -> Any:
    """Put what moto's grammar refuses, though AWS takes it, in words that it takes.

    A percentage must be a fraction there (``60.0``), Map children are only ever ``STANDARD``, a
    ResultWriter takes ``Parameters`` and nothing on how it writes.
    """
    if isinstance(node, list):
        return [_in_motos_grammar(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {key: _in_motos_words(key, _in_motos_grammar(value)) for key, value in node.items()}


def _in_motos_words(key: str, value: Any) -> Any:
    if key == "ToleratedFailurePercentage" and isinstance(value, int):
        return float(value)
    if key == "ExecutionType" and value == "EXPRESS":
        return "STANDARD"
    if key == "ResultWriter":
        return {"Resource": value["Resource"], "Parameters": value["Arguments"]}
    return value
