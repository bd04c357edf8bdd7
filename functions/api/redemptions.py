"""What members get for their points, over HTTP: redemptions, their reversal, vouchers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.rewards import (
    RedemptionAnswer,
    RedemptionRequest,
    RedemptionReversalAnswer,
)
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.contracts.vouchers import VoucherPage
from loyalty.runtime import http, rewarding
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services.redeem_reward import redeem_reward
from loyalty.services.reverse_redemption import reverse_redemption
from loyalty.services.vouchers import vouchers_of

app = http.Api()
_TILLS = ("pos", "shop", "erp", "service", "manager", "admin")


@app.post(
    "/v1/members/<member_id>/redemptions",
    summary="Spend points on a reward; each redemption_id counts once",
    tags=["rewards"],
    responses={
        **http.PROBLEMS,
        201: http.returns("Redeemed", RedemptionAnswer),
        200: http.returns("Redeemed before: the first answer", RedemptionAnswer),
    },
)
def post_redemption(member_id: Key, request: RedemptionRequest) -> Response:
    http.caller(app).require(*_TILLS, member_id=member_id)
    redeemed, is_new = redeem_reward(member_id, request, **rewarding.redemption_ports())
    return http.answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, redeemed)


@app.post(
    "/v1/members/<member_id>/redemptions/<redemption_id>/reversal",
    summary="Put points, stock and unused vouchers of a redemption back",
    tags=["rewards"],
    responses={**http.PROBLEMS, 200: http.returns("Reversed", RedemptionReversalAnswer)},
)
def post_reversal(member_id: Key, redemption_id: Key) -> Response:
    caller = http.caller(app)
    caller.require(*_TILLS)
    reversed_ = reverse_redemption(
        member_id,
        redemption_id,
        own_member_id=caller.own_member_id(),
        **rewarding.reversal_ports(),
    )
    return http.answer(HTTPStatus.OK, reversed_)


@app.get(
    "/v1/members/<member_id>/vouchers",
    summary="The member's vouchers, newest first",
    tags=["vouchers"],
    responses={**http.PROBLEMS, 200: http.returns("A page", VoucherPage)},
)
def get_vouchers(member_id: Key, limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    # A code is as good as money: only who serves the member, and the member, see it.
    http.caller(app).require(*_TILLS, member_id=member_id)
    found = vouchers_of(member_id, limit=limit, cursor=cursor, **rewarding.voucher_list_ports())
    return http.answer(HTTPStatus.OK, found)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
