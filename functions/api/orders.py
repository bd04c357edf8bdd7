"""Orders, returns and quotes over HTTP.

A till waits for the cold start of an order: what only the other routes need is imported by them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.orders import (
    OrderAnswer,
    OrderRequest,
    QuoteAnswer,
    ReturnAnswer,
    ReturnRequest,
)
from loyalty.contracts.values import Key
from loyalty.domain.orders import OrderKey
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services.accept_order import accept_order

app = http.Api()
_MAY_SELL = ("pos", "shop", "erp", "service", "manager", "admin")


@app.post(
    "/v1/orders",
    summary="Accept a fulfilled order; each (source, order_id) counts once for ever",
    tags=["orders"],
    responses={
        **http.PROBLEMS,
        201: http.returns("The order was accepted", OrderAnswer),
        200: http.returns("It was accepted before: the first answer", OrderAnswer),
    },
)
def post_order(order: OrderRequest) -> Response:
    http.caller(app).require(*_MAY_SELL)
    outcome = accept_order(
        order.to_domain(), order.customer.to_domain(), **composition.order_ports()
    )
    return http.answer(HTTPStatus.CREATED if outcome.created else HTTPStatus.OK, outcome.answer)


@app.post(
    "/v1/orders/<source>/<order_id>/returns",
    summary="Take back what returned goods earned; a return before its order waits for it",
    tags=["orders"],
    responses={
        **http.PROBLEMS,
        201: http.returns("The return was counted", ReturnAnswer),
        200: http.returns("It was counted before: the first answer", ReturnAnswer),
        202: http.returns("The order was not seen yet; the return waits", ReturnAnswer),
    },
)
def post_return(
    source: Key,
    order_id: Key,
    goods: ReturnRequest,
) -> Response:
    from loyalty.services.accept_return import accept_return

    http.caller(app).require(*_MAY_SELL)
    outcome = accept_return(
        OrderKey(source, order_id), goods.to_domain(), **composition.return_ports()
    )
    counted = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    return http.answer(HTTPStatus.ACCEPTED if outcome.waiting else counted, outcome.answer)


@app.post(
    "/v1/points/quotes",
    summary="Tell what an order would earn; changes nothing",
    tags=["orders"],
    responses={**http.PROBLEMS, 200: http.returns("The quote", QuoteAnswer)},
)
def post_quote(order: OrderRequest) -> Response:
    from loyalty.services.quote_points import quote_points

    http.caller(app).require(*_MAY_SELL)
    return http.answer(
        HTTPStatus.OK,
        quote_points(order.to_domain(), order.customer.to_domain(), **composition.quote_ports()),
    )


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
