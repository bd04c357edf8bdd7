"""Write the JSON Schemas of all events: `python -m loyalty.contracts.export [folder]`.

EventBridge's registry takes no dialect newer than draft 4, so the schemas are brought down to it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from loyalty.contracts.events import Event
from loyalty.contracts.registry import REGISTRY

DIALECT: Final = "http://json-schema.org/draft-04/schema#"
FOLDER: Final = Path("events/schemas")
RENAMED: Final = {"$defs": "definitions"}
BOUNDS: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


class Draft4(GenerateJsonSchema):
    """Generates the newest dialect's schema and renames what draft 4 says otherwise."""

    schema_dialect = DIALECT

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        newest: dict[str, Any] = as_draft4(super().generate(schema, mode))
        return {"$schema": DIALECT, **newest}


def as_draft4(node: Any) -> Any:
    """Return a schema of draft 2020-12, as pydantic makes them, in the words of draft 4."""
    if isinstance(node, list):
        return [as_draft4(item) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {RENAMED.get(key, key): as_draft4(value) for key, value in node.items()}
    if "const" in renamed:
        renamed["enum"] = [renamed.pop("const")]
    for exclusive, bound in BOUNDS.items():
        value = renamed.get(exclusive)
        if isinstance(value, int | float) and not isinstance(value, bool):
            renamed |= {bound: value, exclusive: True}
    return renamed


def schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Return the draft 4 schema of an event's `detail`, titled `name`.

    It says what we send of our own events, and what we accept of others'.
    """
    schema = model.model_json_schema(
        ref_template="#/definitions/{model}",
        schema_generator=Draft4,
        mode="serialization" if issubclass(model, Event) else "validation",
    )
    return {**schema, "title": name}


def schemas() -> Mapping[str, str]:
    """Return the text of every schema by its file name, `<DetailType>.v<version>.json`."""
    return {
        f"{name}.v{version}.json": json.dumps(schema_of(model, name), indent=2) + "\n"
        for (_, name, version), model in sorted(REGISTRY.items(), key=lambda entry: entry[0])
    }


def export(folder: Path) -> Sequence[Path]:
    """Write all schemas into `folder`, remove those of events that are gone; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = schemas()
    for old in folder.glob("*.json"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in written]


if __name__ == "__main__":
    export(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
