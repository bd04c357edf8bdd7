"""Vouchers over HTTP: issued, validated, reserved, redeemed, rolled back, cancelled."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.vouchers import (
    CancellationRequest,
    RollbackRequest,
    TypedCode,
    ValidationAnswer,
    ValidationRequest,
    VoucherBatchAnswer,
    VoucherBatchRequest,
    VoucherRequest,
    VoucherUseAnswer,
    VoucherUseRequest,
    VoucherView,
)
from loyalty.runtime import http, rewarding
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services.cancel_voucher import cancel_voucher_of_code
from loyalty.services.issue_voucher import issue_voucher
from loyalty.services.issue_voucher_batch import issue_vouchers
from loyalty.services.redeem_voucher import redeem_voucher
from loyalty.services.reserve_voucher import reserve_voucher
from loyalty.services.roll_back_voucher import roll_back_voucher
from loyalty.services.validate_voucher import validate_voucher
from loyalty.services.vouchers import get_voucher

app = http.Api()
_TILLS = ("pos", "shop", "erp", "service", "manager", "admin")
_ISSUERS = ("service", "marketer", "manager", "admin")
_USE = {
    **http.PROBLEMS,
    201: http.returns("Done", VoucherUseAnswer),
    200: http.returns("Done before", VoucherUseAnswer),
}


@app.post(
    "/v1/vouchers",
    summary="Issue a voucher; each voucher_id is issued once",
    tags=["vouchers"],
    responses={
        **http.PROBLEMS,
        201: http.returns("Issued", VoucherView),
        200: http.returns("Issued before", VoucherView),
    },
)
def post_voucher(request: VoucherRequest) -> Response:
    caller = http.caller(app)
    caller.require(*_ISSUERS)
    voucher, is_new = issue_voucher(
        request,
        issued_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **rewarding.issue_ports(),
    )
    return http.answer(_created(is_new), voucher)


@app.post(
    "/v1/vouchers/batches",
    summary="Issue many vouchers of one kind; each batch_id is issued once",
    tags=["vouchers"],
    responses={**http.PROBLEMS, 201: http.returns("All codes", VoucherBatchAnswer)},
)
def post_batch(request: VoucherBatchRequest) -> Response:
    caller = http.caller(app)
    caller.require("marketer", "manager", "admin")
    issued = issue_vouchers(
        request,
        issued_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **rewarding.creation_ports(),
    )
    return http.answer(HTTPStatus.CREATED, issued)


@app.get(
    "/v1/vouchers/<code>",
    summary="The voucher as it is now",
    tags=["vouchers"],
    responses={**http.PROBLEMS, 200: http.returns("The voucher", VoucherView)},
)
def get_one(code: TypedCode) -> Response:
    http.caller(app).require(*_TILLS, "marketer")
    return http.answer(HTTPStatus.OK, get_voucher(code, **rewarding.voucher_ports()))


@app.post(
    "/v1/vouchers/<code>/validate",
    summary="What the voucher takes off an order; changes nothing",
    tags=["vouchers"],
    responses={**http.PROBLEMS, 200: http.returns("Whether, why, how much", ValidationAnswer)},
)
def post_validation(code: TypedCode, request: ValidationRequest) -> Response:
    http.caller(app).require(*_TILLS)
    basket = request.order.to_domain()
    return http.answer(
        HTTPStatus.OK, validate_voucher(code, basket, **rewarding.voucher_use_ports())
    )


@app.post(
    "/v1/vouchers/<code>/reservations",
    summary="Keep the voucher for one redemption until its time-out",
    tags=["vouchers"],
    responses=_USE,
)
def post_reservation(code: TypedCode, request: VoucherUseRequest) -> Response:
    http.caller(app).require(*_TILLS)
    reserved, is_new = reserve_voucher(code, request.to_domain(), **rewarding.voucher_use_ports())
    return http.answer(_created(is_new), reserved)


@app.post(
    "/v1/vouchers/<code>/redemptions",
    summary="Redeem the voucher, or a part of its amount; each redemption_id counts once",
    tags=["vouchers"],
    responses=_USE,
)
def post_redemption(code: TypedCode, request: VoucherUseRequest) -> Response:
    http.caller(app).require(*_TILLS)
    redeemed, is_new = redeem_voucher(code, request.to_domain(), **rewarding.voucher_use_ports())
    return http.answer(_created(is_new), redeemed)


@app.post(
    "/v1/vouchers/<code>/rollbacks",
    summary="Undo a reservation or redemption exactly; its id is used up then",
    tags=["vouchers"],
    responses=_USE,
)
def post_rollback(code: TypedCode, request: RollbackRequest) -> Response:
    http.caller(app).require(*_TILLS)
    undone, is_new = roll_back_voucher(
        code,
        request.redemption_id,
        order_id=request.order_id,
        amount_minor=request.amount_minor,
        **rewarding.voucher_ports(),
    )
    return http.answer(_created(is_new), undone)


@app.post(
    "/v1/vouchers/<code>/cancellations",
    summary="End the voucher, or what is left of it",
    tags=["vouchers"],
    responses={**http.PROBLEMS, 200: http.returns("The voucher", VoucherView)},
)
def post_cancellation(code: TypedCode, request: CancellationRequest) -> Response:
    http.caller(app).require("service", "manager", "admin")
    cancelled = cancel_voucher_of_code(
        code,
        reason=request.reason,
        redemption_id=request.redemption_id,
        **rewarding.voucher_ports(),
    )
    return http.answer(HTTPStatus.OK, cancelled)


def _created(is_new: bool) -> HTTPStatus:
    return HTTPStatus.CREATED if is_new else HTTPStatus.OK


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
