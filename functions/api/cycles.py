"""Monthly cycles and engagement reviews over HTTP, and one member's evaluation again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.cycles import (
    CycleProgress,
    CycleRequest,
    CycleStarted,
    EvaluationAnswer,
    EvaluationRequest,
)
from loyalty.contracts.engagement_reviews import ReviewProgress, ReviewRequest, ReviewStarted
from loyalty.contracts.values import Key
from loyalty.runtime import engaging, http, reporting
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import engagement_review, program_cycle

app = http.Api()
_STAFF = ("manager", "finance", "admin")


@app.post(
    "/v1/reports/cycles",
    summary="Evaluate all members for a month that is over, and report on it",
    tags=["reports"],
    responses={**http.PROBLEMS, 202: http.returns("Started", CycleStarted)},
)
def post_cycle(request: CycleRequest) -> Response:
    http.caller(app).require(*_STAFF)
    started = program_cycle.start_cycle(request.month, **reporting.cycle_start_ports())
    return http.answer(HTTPStatus.ACCEPTED, started)


@app.get(
    "/v1/reports/cycles/<cycle_id>",
    summary="How far a cycle is, and whose evaluation failed",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The progress", CycleProgress)},
)
def get_cycle(cycle_id: Key) -> Response:
    http.caller(app).require(*_STAFF)
    progress = program_cycle.cycle_progress(cycle_id, **reporting.cycle_reading_ports())
    return http.answer(HTTPStatus.OK, progress)


@app.post(
    "/v1/reports/engagement-reviews",
    summary="Judge a month that is over: its top customers, and who has lapsed",
    tags=["reports"],
    responses={**http.PROBLEMS, 202: http.returns("Started", ReviewStarted)},
)
def post_engagement_review(request: ReviewRequest) -> Response:
    http.caller(app).require(*_STAFF)
    started = engagement_review.start_review(request.month, **engaging.review_start_ports())
    return http.answer(HTTPStatus.ACCEPTED, started)


@app.get(
    "/v1/reports/engagement-reviews/<review_id>",
    summary="How far a review of engagement is, and what it found",
    tags=["reports"],
    responses={**http.PROBLEMS, 200: http.returns("The progress", ReviewProgress)},
)
def get_engagement_review(review_id: Key) -> Response:
    http.caller(app).require(*_STAFF)
    progress = engagement_review.review_progress(review_id, **engaging.review_reading_ports())
    return http.answer(HTTPStatus.OK, progress)


@app.post(
    "/v1/members/<member_id>/evaluations",
    summary="Evaluate one member, for a month that is over or ad hoc",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("What came of it", EvaluationAnswer)},
)
def post_evaluation(member_id: Key, request: EvaluationRequest) -> Response:
    http.caller(app).require(*_STAFF)
    answer = program_cycle.evaluate_member(member_id, request.month, **reporting.evaluation_ports())
    return http.answer(HTTPStatus.OK, answer)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
