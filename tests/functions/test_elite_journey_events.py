"""The functions that events call: starting, waking, mail feedback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import elite_journey.record_feedback
import elite_journey.start_journey
import elite_journey.wake_journey
from loyalty.contracts.registry import UnknownEvent
from loyalty.runtime import composition
from tests.support.elite_journey import (
    MEMBER_ID,
    journey_surroundings,
    sample,
    store_customer,
    stored,
)
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeExecutions
from tests.support.moto_app import MotoApp, lambda_context


@pytest.fixture
def executions(app: MotoApp) -> Iterator[FakeExecutions]:
    with journey_surroundings() as (_, made):
        yield made


def test_crossing_the_threshold_starts_the_journey_once(executions: FakeExecutions) -> None:
    for _ in range(2):
        elite_journey.start_journey.handler(sample("ThresholdCrossed.v1"), lambda_context())
    assert executions.inputs == {
        MEMBER_ID: {
            "member_id": MEMBER_ID,
            "reason": "threshold_crossed",
            "correlation_id": "order/shop/O-1001",
        }
    }


def test_an_allowed_invite_starts_another_run(executions: FakeExecutions) -> None:
    elite_journey.start_journey.handler(sample("InviteAllowed.v1"), lambda_context())
    assert set(executions.inputs) == {f"{MEMBER_ID}-consent-5"}


@pytest.mark.parametrize("name", ["InviteAccepted.v1", "InviteDeclined.v1"])
def test_an_answer_wakes_the_journey(executions: FakeExecutions, name: str) -> None:
    composition.journey_store().store_token(MEMBER_ID, "token-1", NOW)
    elite_journey.wake_journey.handler(sample(name), lambda_context())
    assert executions.woken == ["token-1"]


def test_a_late_yes_starts_the_welcome(executions: FakeExecutions) -> None:
    event = sample("InviteAccepted.v1")
    event["detail"]["data"]["from_status"] = "inactive"
    elite_journey.wake_journey.handler(event, lambda_context())
    assert set(executions.inputs) == {f"{MEMBER_ID}-welcome-8"}


@pytest.mark.parametrize("module", [elite_journey.start_journey, elite_journey.wake_journey])
def test_other_events_are_refused(executions: FakeExecutions, module: object) -> None:
    with pytest.raises(UnknownEvent):
        module.handler(sample("MemberEnrolled.v1"), lambda_context())  # type: ignore[attr-defined]
    assert not executions.inputs


@pytest.mark.parametrize(
    ("name", "suppressed"),
    [
        ("mail_bounced", {"email": "bounce"}),
        ("mail_complaint", {"email": "complaint"}),
        ("mail_bounced_for_now", {}),
    ],
)
def test_mail_feedback_suppresses_the_address(
    app: MotoApp, name: str, suppressed: dict[str, str]
) -> None:
    store_customer()
    for _ in range(2):
        elite_journey.record_feedback.handler(sample(f"lambda/{name}"), lambda_context())
    assert stored().suppressed == suppressed


def test_feedback_on_a_mail_without_our_tags_is_passed_over(app: MotoApp) -> None:
    event = sample("lambda/mail_complaint")
    event["detail"]["mail"]["tags"] = {}
    elite_journey.record_feedback.handler(event, lambda_context())
