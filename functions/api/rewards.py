"""The catalogue of rewards over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.rewards import RewardPage, RewardRequest, RewardUpdate, RewardView
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.runtime import http, rewarding
from loyalty.runtime.auth import ROLES
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import rewards

app = http.Api()
_KEEPERS = ("marketer", "manager", "admin")
_VIEW = {**http.PROBLEMS, 200: http.returns("The reward", RewardView)}


@app.post(
    "/v1/rewards",
    summary="Add a reward",
    tags=["rewards"],
    responses={**_VIEW, 201: http.returns("Added", RewardView)},
)
def post_reward(request: RewardRequest) -> Response:
    http.caller(app).require(*_KEEPERS)
    reward, is_new = rewards.add_reward(request, **rewarding.reward_ports())
    return http.answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, reward)


@app.get(
    "/v1/rewards",
    summary="The catalogue by id, retired rewards too",
    tags=["rewards"],
    responses={**http.PROBLEMS, 200: http.returns("A page", RewardPage)},
)
def get_rewards(limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*ROLES)
    found = rewards.list_rewards(limit=limit, cursor=cursor, **rewarding.reward_read_ports())
    return http.answer(HTTPStatus.OK, found)


@app.get("/v1/rewards/<reward_id>", summary="One reward", tags=["rewards"], responses=_VIEW)
def get_reward(reward_id: Key) -> Response:
    http.caller(app).require(*ROLES)
    return http.answer(
        HTTPStatus.OK, rewards.get_reward(reward_id, **rewarding.reward_read_ports())
    )


@app.patch(
    "/v1/rewards/<reward_id>",
    summary="Change what is named; what is absent stays",
    tags=["rewards"],
    responses=_VIEW,
)
def patch_reward(reward_id: Key, update: RewardUpdate) -> Response:
    http.caller(app).require(*_KEEPERS)
    changed = rewards.change_reward(reward_id, update, **rewarding.reward_ports())
    return http.answer(HTTPStatus.OK, changed)


@app.delete(
    "/v1/rewards/<reward_id>",
    summary="Retire the reward for good; what members have of it stays",
    tags=["rewards"],
    responses=_VIEW,
)
def delete_reward(reward_id: Key) -> Response:
    http.caller(app).require(*_KEEPERS)
    return http.answer(HTTPStatus.OK, rewards.retire_reward(reward_id, **rewarding.retire_ports()))


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
