"""Pages of a partition, with cursors that say nothing to their holder."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.errors import CursorInvalid

Item = TypeVar("Item", bound=MembersItem)


def encode_cursor(position: str) -> str:
    """Return `position` as a cursor for URLs."""
    return base64.urlsafe_b64encode(position.encode()).decode("ascii").rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the position in `cursor`; raise `CursorInvalid` when we cannot have made it."""
    try:
        padding = "=" * (-len(cursor) % 4)
        return base64.b64decode(cursor + padding, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise CursorInvalid from error


def newest_first(
    model: type[Item], pk: str, prefix: str, *, limit: int, cursor: str | None
) -> tuple[list[Item], str | None]:
    """Return up to `limit` items whose sort keys begin with `prefix`, and the next cursor.

    One Query. The cursor is None on the last page.
    """
    start = None
    if cursor is not None:
        position = decode_cursor(cursor)
        if not position.startswith(prefix):
            raise CursorInvalid
        start = {"pk": {"S": pk}, "sk": {"S": position}}
    found = list(
        model.query(
            pk,
            model.sk.startswith(prefix),
            scan_index_forward=False,
            limit=limit + 1,
            last_evaluated_key=start,
        )
    )
    page = found[:limit]
    return page, encode_cursor(page[-1].sk) if len(found) > limit else None
