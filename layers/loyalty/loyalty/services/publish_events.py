"""From the table's stream to the bus: each immutable item that a change wrote is one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.contracts.events import Fact
from loyalty.contracts.facts import event_of
from loyalty.contracts.values import iso
from loyalty.services.ports import EventBus
from loyalty.services.stream_records import StreamRecord


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A record whose event is not on the bus; `reason` holds no data of it."""

    sequence_number: str
    reason: str


def publish(
    records: Sequence[StreamRecord],
    *,
    read_fact: Callable[[Mapping[str, Any]], Fact | None],
    bus: EventBus,
) -> list[Unpublished]:
    """Publish the events of a batch; those after a failed one go out all the same.

    Parameters
    ----------
    records
        In the order of the stream.
    read_fact
        Turns an image into its fact, None for an item that is no event.
    bus
        Where events go.

    Returns
    -------
    list of Unpublished
        Empty when everything is on the bus. The stream comes again from the first of them on, so
        later events may be published twice.
    """
    events: list[tuple[str, Mapping[str, object]]] = []
    failures: list[Unpublished] = []
    for record in records:
        try:
            event = _event(record, read_fact(record.image))
        except (KeyError, TypeError, ValueError) as error:
            failures.append(Unpublished(record.sequence_number, type(error).__name__))
        else:
            events += [(record.sequence_number, event)] if event else []
    refused = bus.publish([event for _, event in events]) if events else set()
    return failures + [
        Unpublished(events[index][0], "not taken by the bus") for index in sorted(refused)
    ]


def _event(record: StreamRecord, fact: Fact | None) -> Mapping[str, object] | None:
    if fact is None:
        return None
    event = event_of(fact, record.event_id)
    return {
        "source": event.source,
        "detail_type": type(event).__name__,
        "detail": event.model_dump(mode="json"),
        "time": iso(event.metadata.occurred_at),
    }
