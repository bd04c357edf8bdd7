"""The event that each stored fact publishes; a pure mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pydantic import BaseModel

from loyalty.contracts.engagement_events import ENGAGEMENT_EVENTS
from loyalty.contracts.events import OUTBOUND, Event, Fact
from loyalty.contracts.offer_events import OFFER_EVENTS
from loyalty.contracts.tier_events import TIER_EVENTS
from loyalty.contracts.voucher_events import VOUCHER_EVENTS
from loyalty.domain.ledger import Entry
from loyalty.domain.member import StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey
from loyalty.domain.vouchers import VoucherFact

_MODELS: Final = {
    model.__name__: model
    for model in (*OUTBOUND, *TIER_EVENTS, *VOUCHER_EVENTS, *ENGAGEMENT_EVENTS, *OFFER_EVENTS)
}


def event_of(fact: Fact, event_id: str) -> Event[BaseModel]:
    """Return the event of a fact.

    Parameters
    ----------
    fact
        An immutable item as the store reads it.
    event_id
        The same for every reading of the item, so that consumers can tell duplicates.

    Raises
    ------
    KeyError
        A status change of a name that no contract has.
    pydantic.ValidationError
        The fact lacks what its contract promises.
    """
    name, correlation_id, data = _content(fact)
    model = _MODELS[name]
    metadata = {
        "event_id": event_id,
        "event_version": model.version,
        "correlation_id": correlation_id,
        "occurred_at": fact.occurred_at,
    }
    return model.model_validate({"metadata": metadata, "data": data})


def _content(fact: Fact) -> tuple[str, str, Mapping[str, Any]]:
    """Return the event's name, its cause and its data."""
    if isinstance(fact, AcceptedOrder):
        data = {**_order_data(fact), "store_id": fact.store_id, "total": asdict(fact.total)}
        return (
            "OrderAccepted",
            _order_cause(fact.key),
            data | {"program_version": fact.program_version, "held": fact.held},
        )
    if isinstance(fact, AcceptedReturn):
        data = {**_order_data(fact), "return_id": fact.return_id}
        return "ReturnAccepted", _order_cause(fact.key), data
    if isinstance(fact, Entry):
        return "PointsPosted", fact.business_key, asdict(fact)
    if isinstance(fact, VoucherFact):
        return fact.event, f"voucher/{fact.voucher_id}", _voucher_data(fact)
    return fact.event, _status_cause(fact), _status_data(fact)


def _order_data(fact: AcceptedOrder | AcceptedReturn) -> dict[str, Any]:
    return {
        "source": fact.key.source,
        "order_id": fact.key.order_id,
        "member_id": fact.member_id,
        "eligible_minor": fact.eligible_minor,
        "points": fact.points,
        "tier": fact.tier,
        "recorded_at": fact.recorded_at,
        "offer_ids": fact.offer_ids,
    }


def _status_data(fact: StatusChange) -> dict[str, Any]:
    return {
        **fact.data,
        "member_id": fact.member_id,
        "member_version": fact.member_version,
        "from_status": fact.from_status,
        "to_status": fact.to_status,
        "recorded_at": fact.recorded_at,
    }


def _voucher_data(fact: VoucherFact) -> dict[str, Any]:
    return {
        **fact.data,
        "voucher_id": fact.voucher_id,
        "voucher_version": fact.voucher_version,
        "member_id": fact.member_id,
        "cause": fact.cause,
    }


def _order_cause(key: OrderKey) -> str:
    return f"order/{key.source}/{key.order_id}"


def _status_cause(fact: StatusChange) -> str:
    if fact.data.get("cause") == "lowered_threshold":
        return f"program/{fact.data['program_version']}"
    if fact.event == "ThresholdCrossed":
        return f"order/{fact.data['source']}/{fact.data['order_id']}"
    return f"member/{fact.member_id}"
