"""Merges of two profiles over HTTP, and their undoing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.merges import MergeRequest, MergeView
from loyalty.contracts.values import Key
from loyalty.runtime import composition, http
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services.merge_members import merge_members, undo_merge

app = http.Api()
_STAFF = ("service", "manager", "admin")


@app.post(
    "/v1/members/<member_id>/merges",
    summary="Merge another customer into this one; each merge_id counts once",
    tags=["members"],
    responses={**http.PROBLEMS, 201: http.returns("Merged, now or before", MergeView)},
)
def post_merge(member_id: Key, merge: MergeRequest) -> Response:
    caller = http.caller(app)
    caller.require(*_STAFF)
    merged = merge_members(
        member_id,
        merge_id=merge.merge_id,
        other_member_id=merge.other_member_id,
        merged_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **composition.merge_ports(),
    )
    return http.answer(HTTPStatus.CREATED, merged)


@app.post(
    "/v1/members/<member_id>/merges/<merge_id>/undo",
    summary="Make two customers of one again, with what came from the other and is still there",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("Undone, now or before", MergeView)},
)
def post_undo(member_id: Key, merge_id: Key) -> Response:
    caller = http.caller(app)
    caller.require(*_STAFF)
    undone = undo_merge(
        member_id,
        merge_id,
        undone_by=caller.subject,
        own_member_id=caller.own_member_id(),
        **composition.merge_ports(),
    )
    return http.answer(HTTPStatus.OK, undone)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
