"""Orders and returns from the retailer's systems, by way of the bus and a queue."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.events import GoodsReturned, OrderFulfilled
from loyalty.contracts.registry import AnyEvent, UnknownEvent, parse_event
from loyalty.runtime import batch, composition
from loyalty.runtime.observability import instrumented
from loyalty.services.accept_order import accept_order
from loyalty.services.accept_return import accept_return


def take_in(event: AnyEvent) -> None:
    match event:
        case OrderFulfilled(data=order):
            ports = composition.order_ports()
            accept_order(order.to_domain(), order.customer.to_domain(), **ports)
        case GoodsReturned(data=goods):
            accept_return(goods.key, goods.to_domain(), **composition.return_ports())
        case other:
            raise UnknownEvent(type(other).__name__)


@instrumented
def handler(event: dict[str, Any], context: Any) -> Any:
    dead_letters = composition.order_dead_letters()
    return batch.work_through_or_put_aside(event, parse_event, take_in, dead_letters)
