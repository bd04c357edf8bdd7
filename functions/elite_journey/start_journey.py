"""Starts a customer's journey when the threshold was crossed, or a suppressed invite is allowed."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.events import InviteAllowed, ThresholdCrossed
from loyalty.contracts.journeys import JourneyInput
from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_start import start_journey


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, ThresholdCrossed | InviteAllowed):
        raise UnknownEvent(type(fact).__name__)
    journey = JourneyInput(
        member_id=fact.data.member_id,
        reason="threshold_crossed" if isinstance(fact, ThresholdCrossed) else "consent_given",
        correlation_id=fact.metadata.correlation_id,
    )
    started = start_journey(journey, fact.data.member_version, **composition.start_ports())
    logger.info("journey", member_id=journey.member_id, reason=journey.reason, started=started)
