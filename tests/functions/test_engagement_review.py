"""The review of a month's engagement over the live tables, and the message that follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import engagement_review.plan_engagement_review
import engagement_review.review_shard
import engagement_review.summarize_engagement_review
import messages.send_due_messages
from loyalty.contracts.values import iso
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.member import Member
from loyalty.domain.month_uses import MonthUses
from loyalty.runtime import composition
from loyalty.services.enrol_member import enrol_member
from loyalty.services.ports import MemberChange
from loyalty.services.shards import due_shard, enrolled_shard
from tests.support.counting import counting_requests
from tests.support.elite_journey import journey_surroundings
from tests.support.http import call
from tests.support.moto_app import MotoApp, lambda_context

APRIL_2 = datetime(2017, 4, 2, 5, tzinfo=UTC)
MARCH = {"review_id": "r-1", "month": "2017-03"}
TOP = MonthUses("2017-03", offers=3, benefits=3)


def active(email: str, *uses: MonthUses) -> str:
    """Store a member who is active since February; return their id."""
    customer = CustomerRef(None, identities(email=email))
    member_id = enrol_member(customer, **composition.enrolment_ports()).member.member_id
    enrolled, since = member(member_id), datetime(2017, 2, 10, tzinfo=UTC)
    known = replace(enrolled, version=enrolled.version + 1, status="active", status_since=since)
    change = MemberChange(replace(known, uses=uses), expected_version=enrolled.version)
    composition.member_store().commit(change)
    return member_id


def member(member_id: str) -> Member:
    found = composition.member_store().member(member_id)
    assert found is not None
    return found


def review_shard(shard: int) -> dict[str, Any]:
    return engagement_review.review_shard.handler(MARCH | {"shard": shard}, lambda_context())


def run_review() -> dict[str, Any]:
    """Do what the state machine does."""
    planned = engagement_review.plan_engagement_review.handler(MARCH, lambda_context())
    for shard in planned["shards"]:
        review_shard(shard)
    return engagement_review.summarize_engagement_review.handler(MARCH, lambda_context())


@pytest.fixture
def members(app: MotoApp) -> tuple[str, str]:
    """Ann used nothing in March, Ben three offers; it is the second of April."""
    app.set_clock(APRIL_2)
    return active("ann@example.com"), active("ben@example.com", TOP)


def test_march_is_judged_once(members: tuple[str, str]) -> None:
    ann, ben = members

    report = run_review()

    assert (report["looked_at"], report["lapsed"], report["top"]) == (2, 1, 1)
    assert (member(ann).status, member(ann).inactive_reason) == ("inactive", "lapsed")
    assert member(ben).uses == (replace(TOP, top=True),)
    judged = member(ann), member(ben)
    again = run_review()
    assert (again["lapsed"], again["top"]) == (0, 0)
    assert (member(ann), member(ben)) == judged


def test_who_has_lapsed_is_written_to_in_the_morning(
    app: MotoApp, members: tuple[str, str]
) -> None:
    run_review()
    ten = APRIL_2.replace(hour=10)
    app.set_clock(ten)
    record = {"messageId": "1", "eventSource": "aws:sqs"}
    body = f'{{"shard": {due_shard(members[0])}, "until": "{iso(ten)}"}}'
    with journey_surroundings() as (sender, _):
        for _ in range(2):
            event = {"Records": [record | {"body": body}]}
            assert messages.send_due_messages.handler(event, lambda_context()) == {
                "batchItemFailures": []
            }
    [mail] = sender.sent
    assert mail.to == "ann@example.com"
    assert "https://elite.example.org/portal" in mail.text


def test_a_shard_takes_its_pages_and_a_transaction_for_each_judgement(
    members: tuple[str, str],
) -> None:
    with counting_requests() as somebody:
        review_shard(enrolled_shard(members[0]))
    with counting_requests() as nobody:
        review_shard(enrolled_shard(members[0]))

    # The offers of who has lapsed are curated, so that the catalogue is read once.
    assert somebody.operations == [
        *["Query", "BatchGetItem", "Query"],
        *["TransactWriteItems", "PutItem"],
    ]
    assert nobody.operations == ["Query", "BatchGetItem", "PutItem"]


def test_staff_follow_a_review(members: tuple[str, str]) -> None:
    run_review()
    answer = call("cycles", "GET", "/v1/reports/engagement-reviews/r-1", roles="manager")
    assert (answer.status, answer.body["state"]) == (200, "done")
    assert answer.body["result"] == {"looked_at": 2, "top": 1, "lapsed": 1, "back": 0, "failed": []}
    unknown = call("cycles", "GET", "/v1/reports/engagement-reviews/r-2", roles="manager")
    assert (unknown.status, unknown.body["code"]) == (404, "review_not_found")


@pytest.mark.parametrize("role", ["pos", "warehouse", "marketer"])
def test_only_who_may_start_cycles_may_start_reviews(app: MotoApp, role: str) -> None:
    for method, path in (("POST", ""), ("GET", "/r-1")):
        body = {"month": "2017-02"} if method == "POST" else None
        answer = call("cycles", method, f"/v1/reports/engagement-reviews{path}", body, roles=role)
        assert answer.status == 403


@pytest.mark.parametrize(
    ("month", "code"), [("2017-04", "month_still_open"), ("2016-02", "month_too_old")]
)
def test_a_month_that_cannot_be_judged_is_refused(app: MotoApp, month: str, code: str) -> None:
    app.set_clock(APRIL_2)
    path = "/v1/reports/engagement-reviews"
    answer = call("cycles", "POST", path, {"month": month}, roles="admin")
    assert (answer.status, answer.body["code"]) == (409, code)
