"""Tells members of points that were posted to their account."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.events import PointsPosted
from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.domain.points_alerts import PostedPoints
from loyalty.runtime import messaging
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.points_sms import alert_points


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, PointsPosted):
        raise UnknownEvent(type(fact).__name__)
    posted = fact.data
    posting = PostedPoints(
        sequence=posted.sequence,
        points=posted.points,
        occurred_at=fact.metadata.occurred_at,
        recorded_at=posted.recorded_at,
        is_silent=posted.is_silent,
    )
    outcome = alert_points(posted.member_id, posting, outbox=messaging.sms_outbox())
    logger.info("points alert", member_id=posted.member_id, outcome=outcome.outcome)
