"""Stream records and transaction tokens are part of DynamoDB's saved state.

Raw MiniStack saves how far a mapping has read in a stream, but not the stream: after a
restart the mapping waits at a position that new records reach only much later, and events
are lost. AWS keeps records for a day and transaction tokens for ten minutes.
"""

from __future__ import annotations

from typing import Any

from ministack.services import dynamodb

_STORES = ("_stream_records", "_stream_trimmed", "_txn_idempotency")
_COUNTER = "_stream_seq_counter"


def apply() -> None:
    get_state, load_state = dynamodb.get_state, dynamodb.load_persisted_state

    def get_whole_state() -> dict[str, Any]:
        own = {name: getattr(dynamodb, name) for name in (*_STORES, _COUNTER)}
        return {**get_state(), **own}

    def load_whole_state(state: dict[str, Any]) -> None:
        load_state(state)
        for name in _STORES:
            getattr(dynamodb, name).update(state[name])
        setattr(dynamodb, _COUNTER, state[_COUNTER])

    dynamodb.get_state = get_whole_state
    dynamodb.load_persisted_state = load_whole_state
