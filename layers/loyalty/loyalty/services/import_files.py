"""Reading bulk files: JSON Lines and CSV become numbered lines of one form."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from loyalty.contracts.imports import ChunkLine
from loyalty.domain.errors import ImportFileInvalid

REQUIRED_COLUMNS = frozenset({"source", "order_id", "occurred_at", "total_minor", "currency"})
CUSTOMER_COLUMNS = ("member_id", "email", "phone", "card", "external_id", "name")
COLUMNS = REQUIRED_COLUMNS | {*CUSTOMER_COLUMNS, "store_id", "sku", "category", "quantity"}
# As long as a body of the API may be: an item of the table holds what such an order becomes.
LONGEST_LINE_BYTES = 256 * 1024
_LONGEST_NUMBER = 18


def numbered_lines(key: str, lines: Iterable[str]) -> Iterator[ChunkLine]:
    """Return the numbered lines of a file as JSON, blank ones left out.

    A row that cannot be read is returned with its error; whether a line is a valid order or return
    is for the contracts to say.

    Parameters
    ----------
    key
        The file's name; its extension tells the format. A CSV row is one line, also where it has
        quoted values.
    lines
        Decoded lines without their ends.

    Raises
    ------
    ImportFileInvalid
        Another extension than `.jsonl` and `.csv`, or a CSV header that is not ours.
    """
    if key.endswith(".jsonl"):
        return _json_lines(lines)
    if key.endswith(".csv"):
        return _csv_rows(lines)
    raise ImportFileInvalid("the name must end in .jsonl or .csv")


def _json_lines(lines: Iterable[str]) -> Iterator[ChunkLine]:
    for number, line in enumerate(lines, start=1):
        if len(line.encode()) > LONGEST_LINE_BYTES:
            yield ChunkLine(line=number, error=f"over {LONGEST_LINE_BYTES} bytes")
        elif line.strip():
            yield ChunkLine(line=number, text=line)


def _csv_rows(lines: Iterable[str]) -> Iterator[ChunkLine]:
    numbered = enumerate(lines, start=1)
    header = _header(next(numbered, (1, ""))[1])
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            row = _values(line)
        except csv.Error:
            yield ChunkLine(line=number, error="not CSV")
            continue
        if len(row) == len(header):
            order = _order(dict(zip(header, row, strict=True)))
            yield ChunkLine(line=number, text=json.dumps(order))
        else:
            yield ChunkLine(line=number, error=f"{len(row)} values for {len(header)} columns")


def _values(line: str) -> list[str]:
    # Each line alone, so that a quote that is never closed spoils its own line only.
    return next(csv.reader([line], strict=True), [])


def _header(line: str) -> list[str]:
    try:
        header = _values(line)
    except csv.Error as error:
        raise ImportFileInvalid("the header is not CSV") from error
    if missing := REQUIRED_COLUMNS.difference(header):
        raise ImportFileInvalid(f"columns are missing: {', '.join(sorted(missing))}")
    if COLUMNS.issuperset(header) and len(set(header)) == len(header):
        return header
    raise ImportFileInvalid(f"each column is one of {', '.join(sorted(COLUMNS))}, once")


def _order(row: dict[str, str]) -> dict[str, Any]:
    """Return a CSV row as the order event that it stands for; empty values are left out."""
    given = {column: text for column, text in row.items() if text}
    total_minor = _number(given.get("total_minor", ""))
    order: dict[str, Any] = {
        "source": given.get("source"),
        "order_id": given.get("order_id"),
        "occurred_at": given.get("occurred_at"),
        "customer": {column: given[column] for column in CUSTOMER_COLUMNS if column in given},
        "total": {"amount_minor": total_minor, "currency": given.get("currency")},
    }
    if "store_id" in given:
        order["store_id"] = given["store_id"]
    if "sku" in given:
        line = {
            "sku": given["sku"],
            "quantity": _number(given.get("quantity", "1")),
            "amount_minor": total_minor,
        }
        if "category" in given:
            line["category"] = given["category"]
        order["lines"] = [line]
    return {"type": "OrderFulfilled", "data": order}


def _number(text: str) -> int | str:
    # What is no plain number stays a text, and the contract says what is wrong with it.
    plain = text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else text
