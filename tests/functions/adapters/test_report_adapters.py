"""Revisions of reports in DynamoDB, and evaluations by Step Functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty.adapters.aws import Aws
from loyalty.adapters.dynamodb.report_store import DynamoReportStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.evaluations import StepFunctionsEvaluations
from loyalty.services.report_ports import EvaluationOutcome, RevisionStore
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.fakes import FakeClock
from tests.support.report_fakes import FakeRevisions

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:member_evaluation"

MARCH, APRIL = ("health-months", "2017-03"), ("health-months", "2017-04")


@pytest.fixture(params=["fake", "dynamodb"])
def revisions(request: pytest.FixtureRequest) -> RevisionStore:
    if request.param == "fake":
        return FakeRevisions()
    return DynamoReportStore(request.getfixturevalue("tables"), FakeClock(NOW))


def test_a_revision_is_written_once(revisions: RevisionStore) -> None:
    assert revisions.latest("health-2017-03") is None
    assert revisions.add("health-2017-03", "000001", {"revision": 1}, listed=MARCH)
    assert not revisions.add("health-2017-03", "000001", {"revision": "another"}, listed=MARCH)
    assert revisions.latest("health-2017-03") == {"revision": 1}
    assert revisions.last("health-months", limit=5) == [{"revision": 1}]


def test_the_latest_revision_counts(revisions: RevisionStore) -> None:
    for revision in (9, 10, 2):
        document = {"revision": revision}
        assert revisions.add("health-2017-03", f"{revision:06}", document, listed=MARCH)
    assert revisions.add("health-2017-04", "000099", {"revision": 99}, listed=APRIL)
    assert revisions.latest("health-2017-03") == {"revision": 10}


def test_a_list_has_the_newest_revision_of_each_month(revisions: RevisionStore) -> None:
    assert revisions.last("health-months", limit=2) == []
    for revision in (1, 2):
        document = {"month": "2017-03", "revision": revision}
        revisions.add("health-2017-03", f"{revision:06}", document, listed=MARCH)
    revisions.add("health-2017-04", "000001", {"month": "2017-04"}, listed=APRIL)
    assert revisions.last("health-months", limit=1) == [{"month": "2017-04"}]
    assert revisions.last("health-months", limit=5) == [
        {"month": "2017-04"},
        {"month": "2017-03", "revision": 2},
    ]


def test_revisions_stay_and_the_latest_takes_one_query(tables: Tables, dynamodb: Any) -> None:
    store = DynamoReportStore(tables, FakeClock(NOW))
    store.add("roi-2017-03", "000001", {}, listed=("roi-months", "2017-03"))
    items = dynamodb.scan(TableName=tables.program)["Items"]
    assert len(items) == 2
    assert not any("expires_at_epoch" in item for item in items)
    with counting_requests() as requests:
        store.latest("roi-2017-03")
    assert requests.operations == ["Query"]


class ScriptedStepFunctions:
    def __init__(self, answer: dict[str, str]) -> None:
        self.answer = answer
        self.asked: list[dict[str, str]] = []

    def start_sync_execution(self, **asked: str) -> dict[str, str]:
        self.asked.append(asked)
        return self.answer


def evaluations(aws: Aws, client: ScriptedStepFunctions) -> StepFunctionsEvaluations:
    made = StepFunctionsEvaluations(aws, MACHINE_ARN)
    vars(made)["_client"] = client  # instead of the one that is made at the first use
    return made


def test_an_evaluation_answers_what_the_machine_does(aws: Aws) -> None:
    client = ScriptedStepFunctions({"status": "SUCCEEDED", "output": '{"tier": "gold"}'})

    outcome = evaluations(aws, client).evaluate("m1", "2017-03")

    assert outcome == EvaluationOutcome({"tier": "gold"})
    [asked] = client.asked
    assert asked["stateMachineArn"] == MACHINE_ARN
    assert json.loads(asked["input"]) == {"member_id": "m1", "month": "2017-03"}


def test_an_evaluation_ad_hoc_names_no_month(aws: Aws) -> None:
    client = ScriptedStepFunctions({"status": "SUCCEEDED", "output": "{}"})
    evaluations(aws, client).evaluate("m1", None)
    assert json.loads(client.asked[0]["input"]) == {"member_id": "m1"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"status": "FAILED", "error": "EvaluationFailed", "cause": "why"},
            "EvaluationFailed: why",
        ),
        ({"status": "TIMED_OUT"}, "TIMED_OUT: "),
    ],
)
def test_an_evaluation_that_failed_says_why(aws: Aws, answer: dict[str, str], reason: str) -> None:
    outcome = evaluations(aws, ScriptedStepFunctions(answer)).evaluate("m1", "2017-03")
    assert outcome == EvaluationOutcome(None, reason)


@pytest.mark.parametrize(
    ("endpoint_url", "has_own_host"), [(None, True), ("http://127.0.0.1:4566", False)]
)
def test_only_aws_has_a_host_for_synchronous_executions(
    aws: Aws, endpoint_url: str | None, has_own_host: bool
) -> None:
    made = StepFunctionsEvaluations(Aws(region=aws.region, endpoint_url=endpoint_url), MACHINE_ARN)
    assert made._client.meta.config.inject_host_prefix is has_own_host  # type: ignore[attr-defined]
