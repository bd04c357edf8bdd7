"""Tells the waiting journey that the customer has answered."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.events import InviteAccepted, InviteDeclined
from loyalty.contracts.registry import UnknownEvent, parse_event
from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger
from loyalty.services.journey_answers import GivenAnswer, wake_journey


@instrumented
def handler(event: dict[str, Any], context: Any) -> None:
    fact = parse_event(event)
    if not isinstance(fact, InviteAccepted | InviteDeclined):
        raise UnknownEvent(type(fact).__name__)
    answer = GivenAnswer(
        member_id=fact.data.member_id,
        member_version=fact.data.member_version,
        accepted=isinstance(fact, InviteAccepted),
        from_status=fact.data.from_status,
        correlation_id=fact.metadata.correlation_id,
    )
    wake_journey(answer, **composition.start_ports())
    logger.info("answer", member_id=answer.member_id, accepted=answer.accepted)
