"""Offers of accepted orders are used, those of orders that came back as a whole taken back."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.events import OrderAccepted, ReturnAccepted
from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.domain.orders import OrderKey
from loyalty.runtime import batch, offering
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.order_offers import (
    OrderOffers,
    take_back_offers_of_order,
    use_offers_of_order,
)


def work(message: batch.Message) -> None:
    event = parse_event(message)
    match event:
        case OrderAccepted(data=data):
            store_id, held, work_on = data.store_id, data.held, use_offers_of_order
        case ReturnAccepted(data=data):
            store_id, held, work_on = None, False, take_back_offers_of_order
        case other:
            raise UnknownEvent(type(other).__name__)
    if data.member_id is None:
        return
    key = OrderKey(data.source, data.order_id)
    occurred_at = event.metadata.occurred_at
    order = OrderOffers(key, data.member_id, data.offer_ids, occurred_at, store_id, held)
    outcomes = work_on(order, **offering.offer_use_ports())
    logger.info("offers of order", order=key.cause, outcomes=outcomes)


@instrumented
def handler(event: dict[str, Any], context: Any) -> Any:
    return batch.work_through(event, work)
