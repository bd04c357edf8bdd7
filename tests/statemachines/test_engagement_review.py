"""The review of a month's engagement as Step Functions runs it, with scripted functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

ENGAGEMENT_REVIEW = Path(__file__).parents[2] / "statemachines/engagement_review.asl.yaml"
COVERAGE = Coverage(ENGAGEMENT_REVIEW)
SHARDS = list(range(256))
REPORT = {"month": "2017-03", "lapsed": 12, "failed": []}


def plan(*shards: int) -> Any:
    return returns(
        lambda event: {"review_id": event["review_id"], "month": "2017-03", "shards": list(shards)}
    )


@pytest.fixture
def engagement_review(machines: StateMachines) -> StateMachine:
    """March is judged, and all goes well."""
    machines.register(
        PlanEngagementReviewFunction=plan(*SHARDS),
        ReviewShardFunction=returns({"lapsed": 1}),
        SummarizeEngagementReviewFunction=returns(REPORT),
    )
    return machines.load(ENGAGEMENT_REVIEW, coverage=COVERAGE)


def test_the_schedule_means_the_month_before_and_bears_the_execution_s_name(
    machines: StateMachines, engagement_review: StateMachine
) -> None:
    run = engagement_review.run({"scheduled_at": "2017-04-02T03:00:00Z"}, name="r-1")

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == REPORT
    assert machines.events_of("PlanEngagementReviewFunction") == [
        {"review_id": "r-1", "month": None, "scheduled_at": "2017-04-02T03:00:00Z"}
    ]
    assert machines.events_of("ReviewShardFunction") == [
        {"review_id": "r-1", "month": "2017-03", "shard": shard} for shard in SHARDS
    ]
    assert machines.events_of("SummarizeEngagementReviewFunction") == [
        {"review_id": "r-1", "month": "2017-03"}
    ]


def test_staff_names_the_month(machines: StateMachines, engagement_review: StateMachine) -> None:
    run = engagement_review.run({"review_id": "2017-03-ab", "month": "2017-03"})

    assert run.status == "SUCCEEDED"
    assert machines.events_of("PlanEngagementReviewFunction") == [
        {"review_id": "2017-03-ab", "month": "2017-03", "scheduled_at": None}
    ]


def test_a_shard_is_tried_again(machines: StateMachines, engagement_review: StateMachine) -> None:
    machines.register(
        PlanEngagementReviewFunction=plan(7),
        ReviewShardFunction=sequence(raises("ChangeRefused"), returns({})),
    )

    assert engagement_review.run({}).status == "SUCCEEDED"
    assert len(machines.events_of("ReviewShardFunction")) == 2


def test_a_shard_that_fails_holds_up_none_of_the_others(
    machines: StateMachines, engagement_review: StateMachine
) -> None:
    def review_shard(event: dict[str, Any], context: object) -> object:
        script = raises("KeyError") if event["shard"] == 1 else returns({})
        return script(event, context)

    machines.register(PlanEngagementReviewFunction=plan(0, 1, 2), ReviewShardFunction=review_shard)

    run = engagement_review.run({})

    assert (run.status, run.error) == ("FAILED", "EngagementReviewIncomplete")
    assert run.cause == "Shards that failed: [1]"
    assert {event["shard"] for event in machines.events_of("ReviewShardFunction")} == {0, 1, 2}
    assert machines.events_of("SummarizeEngagementReviewFunction") == []


def test_members_who_failed_are_named(
    machines: StateMachines, engagement_review: StateMachine
) -> None:
    machines.register(
        PlanEngagementReviewFunction=plan(0),
        SummarizeEngagementReviewFunction=returns(REPORT | {"failed": ["m1", "m2"]}),
    )

    run = engagement_review.run({})

    assert (run.status, run.error) == ("FAILED", "MembersNotReviewed")
    assert run.cause == 'Members that failed: ["m1","m2"]'


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanEngagementReviewFunction", raises("KeyError"), "PlanEngagementReview"),
        (
            "PlanEngagementReviewFunction",
            returns({"review_id": "r-1", "month": "2017-03", "shards": 8}),
            "ForEachShard",
        ),
        (
            "SummarizeEngagementReviewFunction",
            raises("ReviewIncomplete"),
            "SummarizeEngagementReview",
        ),
    ],
    ids=["no plan", "no shards", "no summary"],
)
def test_a_review_that_cannot_be_done_fails(
    machines: StateMachines, engagement_review: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = engagement_review.run({})

    assert (run.status, run.error) == ("FAILED", "EngagementReviewFailed")
    assert run.states[-2:] == [state, "EngagementReviewFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
