"""Merges of two profiles over HTTP."""

from __future__ import annotations

from typing import Literal

from loyalty.contracts.values import Contract, Key, Timestamp


class MergeRequest(Contract):
    """The other one's everything goes to the member of the URL."""

    merge_id: Key
    other_member_id: Key


class MergeView(Contract):
    """A merge; `undoable_until` is when it becomes final."""

    merge_id: str
    member_id: str
    other_member_id: str
    state: Literal["merged", "undone"]
    merged_at: Timestamp
    undoable_until: Timestamp
