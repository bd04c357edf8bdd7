"""Which model reads an event: by its source, its detail type and its version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from loyalty.contracts.engagement_events import ENGAGEMENT_EVENTS
from loyalty.contracts.events import INBOUND, OUTBOUND, Event, RetailEvent
from loyalty.contracts.offer_events import OFFER_EVENTS
from loyalty.contracts.tier_events import TIER_EVENTS
from loyalty.contracts.voucher_events import VOUCHER_EVENTS

AnyEvent = Event[BaseModel] | RetailEvent[BaseModel]

_MODELS: Final[tuple[type[AnyEvent], ...]] = (
    *OUTBOUND,
    *TIER_EVENTS,
    *VOUCHER_EVENTS,
    *ENGAGEMENT_EVENTS,
    *OFFER_EVENTS,
    *INBOUND,
)
REGISTRY: Final[Mapping[tuple[str, str, int], type[AnyEvent]]] = {
    (model.source, model.__name__, model.version): model for model in _MODELS
}


class UnknownEvent(LookupError):
    """No contract has this source, detail type and version."""


def model_of(source: str, detail_type: str, version: int) -> type[AnyEvent]:
    """Return the model of an event; raise `UnknownEvent` when there is none.

    Of a source such as `retail.shop` the first word counts: it names the contract, the rest the
    sender.
    """
    try:
        return REGISTRY[source.partition(".")[0], detail_type, version]
    except KeyError:
        raise UnknownEvent(f"{source} {detail_type} version {version}") from None


def parse_event(envelope: Mapping[str, Any]) -> AnyEvent:
    """Read an event as EventBridge delivers it.

    Parameters
    ----------
    envelope
        With `source`, `detail-type` and `detail`; a detail without a version counts as version 1.

    Raises
    ------
    UnknownEvent
        No contract has it.
    pydantic.ValidationError
        It does not match its contract.
    """
    detail = envelope["detail"]
    version = detail.get("metadata", {}).get("event_version", 1)
    return model_of(envelope["source"], envelope["detail-type"], version).model_validate(detail)
