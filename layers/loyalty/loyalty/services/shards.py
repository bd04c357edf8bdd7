"""Which shard of the batch jobs a member belongs to; fixed for ever by the member's id."""

from __future__ import annotations

import hashlib

from loyalty.services.ports import DUE_SHARDS, ENROLLED_SHARDS, MEMBER_SHARDS


def member_shard(member_id: str) -> int:
    """Return the shard, 0 … `MEMBER_SHARDS` − 1, of jobs over all customers."""
    return _digest(member_id) % MEMBER_SHARDS


def enrolled_shard(member_id: str) -> int:
    """Return the shard, 0 … `ENROLLED_SHARDS` − 1, of jobs over members alone."""
    return _digest(member_id) % ENROLLED_SHARDS


def due_shard(member_id: str) -> int:
    """Return the shard, 0 … `DUE_SHARDS` − 1, of what is due."""
    return _digest(member_id) % DUE_SHARDS


def _digest(member_id: str) -> int:
    return int.from_bytes(hashlib.sha256(member_id.encode()).digest()[:8], "big")
