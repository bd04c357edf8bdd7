"""Points over HTTP that no order brings: adjustments, transfers, actions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.points import (
    ActionAnswer,
    ActionRequest,
    AdjustmentAnswer,
    AdjustmentAwaited,
    AdjustmentRequest,
    TransferAnswer,
    TransferRequest,
)
from loyalty.contracts.values import Key
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services.adjust_points import adjust_points
from loyalty.services.reward_action import reward_action
from loyalty.services.transfer_points import transfer_points

app = http.Api()


@app.post(
    "/v1/members/<member_id>/adjustments",
    summary="Give or take points by hand, with a reason; each adjustment_id counts once",
    tags=["points"],
    responses={
        **http.PROBLEMS,
        201: http.returns("Posted, or posted before", AdjustmentAnswer),
        202: http.returns("Above the limit of one person: waits for another", AdjustmentAwaited),
    },
)
def post_adjustment(member_id: Key, adjustment: AdjustmentRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "manager", "admin")
    made = adjust_points(
        member_id,
        adjustment_id=adjustment.adjustment_id,
        points=adjustment.points,
        reason=adjustment.reason,
        made_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **composition.adjustment_ports(),
    )
    is_posted = isinstance(made, AdjustmentAnswer)
    return http.answer(HTTPStatus.CREATED if is_posted else HTTPStatus.ACCEPTED, made)


@app.post(
    "/v1/members/<member_id>/transfers",
    summary="Give points to another member; they keep their expiry, each transfer_id counts once",
    tags=["points"],
    responses={**http.PROBLEMS, 201: http.returns("Given, or given before", TransferAnswer)},
)
def post_transfer(member_id: Key, transfer: TransferRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "manager", "admin", member_id=member_id)
    given = transfer_points(
        member_id,
        transfer_id=transfer.transfer_id,
        to_member_id=transfer.to_member_id,
        points=transfer.points,
        made_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **composition.transfer_ports(),
    )
    return http.answer(HTTPStatus.CREATED, given)


@app.post(
    "/v1/members/<member_id>/actions",
    summary="Reward what a member did beside buying; each action_id counts once",
    tags=["points"],
    responses={**http.PROBLEMS, 201: http.returns("Rewarded, now or before", ActionAnswer)},
)
def post_action(member_id: Key, done: ActionRequest) -> Response:
    caller = http.caller(app)
    caller.require("shop", "crm", "service", "manager", "admin")
    rewarded = reward_action(
        member_id,
        action=done.action,
        action_id=done.action_id,
        occurred_at=done.occurred_at,
        made_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **composition.action_ports(),
    )
    return http.answer(HTTPStatus.CREATED, rewarded)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
