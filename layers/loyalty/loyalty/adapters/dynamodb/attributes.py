"""Attribute types that PynamoDB lacks: whole numbers, ISO instants, and typed JSON documents."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, NUMBER, STRING

from loyalty.domain.tastes import Tastes, as_document, of_document

T = TypeVar("T")


class IntegerAttribute(Attribute[int]):
    """A whole number; anything else is a mistake (points and money have no fractions)."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        if not isinstance(value, int):
            raise TypeError(f"{self.attr_name} must be an integer, not {type(value).__name__}")
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class InstantAttribute(Attribute[datetime]):
    """A moment as `2017-01-01T00:00:00Z`."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def deserialize(self, value: str) -> datetime:
        return datetime.fromisoformat(value)


class WordAttribute(Attribute[T], Generic[T]):
    """One of a few words, typed as the `Literal` that lists them."""

    attr_type = STRING


class DocumentAttribute(Attribute[T], Generic[T]):
    """A nested value of domain types as one JSON string (docs/adr/0011-nested-values-as-json.md).

    Parameters
    ----------
    type_ : type
        What the document holds, such as `tuple[Lot, ...]`; pydantic reads and writes the domain's
        dataclasses.
    """

    attr_type = STRING

    def __init__(self, type_: type[T], *, null: bool = False) -> None:
        super().__init__(null=null)
        self._type = type_

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._type)

    # Most documents of most customers are empty tuples or mappings. Those need no adapter, which a
    # cold start would have to build.

    def serialize(self, value: Any) -> str:
        if value == ():
            return "[]"
        if value == {}:
            return "{}"
        return self._adapter.dump_json(value).decode()

    def deserialize(self, value: str) -> Any:
        if value == "[]":
            return ()
        if value == "{}":
            return {}
        return self._adapter.validate_json(value)


class TastesAttribute(Attribute[Tastes]):
    """Tastes as packed JSON: every order writes them, and each KB would cost two units.

    No adapter is built for them, as `DocumentAttribute` would at a cold start.
    """

    attr_type = BINARY

    def serialize(self, value: Tastes) -> bytes:
        document = json.dumps(as_document(value), separators=(",", ":"), ensure_ascii=False)
        return zlib.compress(document.encode())

    def deserialize(self, value: bytes) -> Tastes:
        return of_document(json.loads(zlib.decompress(value)))


def sortable(moment: datetime) -> str:
    """Return `moment` in a fixed width, so that keys sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
