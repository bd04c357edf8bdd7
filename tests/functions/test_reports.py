"""Totals, cycle and reports through the handlers, on the tables in moto."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest

import program_cycle.close_cycle
import program_cycle.collect_results
import program_cycle.plan_cycle
import program_cycle.write_health_report
import program_cycle.write_roi_report
import schedules.refresh_reports
import streams.count_totals
from tests.functions.test_publish_events import stream_of
from tests.support.http import Answer, call
from tests.support.moto_app import MotoApp, lambda_context

APRIL_3 = datetime(2017, 4, 3, 3, tzinfo=UTC)
MARCH = "2017-03"
CYCLE = {"cycle_id": "2017-03-c1", "month": MARCH}


def invoke(handler: Any, event: dict[str, Any]) -> Any:
    return handler(event, lambda_context())


def ask(resource: str, method: str, path: str, body: object = None, **given: Any) -> Answer:
    return call(resource, method, path, body, **{"roles": "admin", **given})


def buy(card: str, order_id: str, amount_minor: int) -> None:
    order = {
        "source": "pos",
        "order_id": order_id,
        "occurred_at": "2017-03-15T10:00:00Z",
        "customer": {"card": card},
        "total": {"amount_minor": amount_minor, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 1, "amount_minor": amount_minor}],
    }
    answer = ask("orders", "POST", "/v1/orders", order)
    assert answer.status == 201, answer.text


def count(app: MotoApp) -> dict[str, Any]:
    facts = {"order", "accepted_return", "entry", "status_change", "voucher_fact"}
    items = [item for item in app.items(app.members_table) if item["item_type"]["S"] in facts]
    answer: dict[str, Any] = invoke(streams.count_totals.handler, stream_of(items))
    return answer


@pytest.fixture
def shop(app: MotoApp) -> MotoApp:
    """Ann, a member, bought for 100.00, Bob for 50.00; it is April."""
    app.set_clock(datetime(2017, 3, 15, 10, tzinfo=UTC))
    assert ask("members", "POST", "/v1/members", {"card": "ann"}).status == 201
    buy("ann", "O-1", 10_000)
    buy("bob", "O-2", 5_000)
    app.set_clock(APRIL_3)
    assert count(app) == {"batchItemFailures": []}
    return app


def write_reports() -> None:
    invoke(program_cycle.write_health_report.handler, CYCLE)
    invoke(program_cycle.write_roi_report.handler, CYCLE)


def test_the_reports_are_served_as_json_and_csv(shop: MotoApp) -> None:
    write_reports()
    query = {"month": MARCH}

    health = ask("reports", "GET", "/v1/reports/health", query=query).body
    assert (health["revision"], health["points_distributed"]) == (1, 10)
    assert (health["members"], health["enrolment_rate"]) == (1, 0.5)
    roi = ask("reports", "GET", "/v1/reports/roi", query=query).body
    assert roi["average_spend_by_tier"]["silver"] == {"amount_minor": 10_000, "currency": "EUR"}

    answer = ask("reports", "GET", "/v1/reports/health", query={**query, "format": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(answer.text.splitlines())
    assert (row["month"], row["members_by_tier.silver"], row["locked_at"]) == (MARCH, "1", "")
    assert row["revenue_of_members.amount_minor"] == "10000"


def test_a_caller_may_ask_for_csv_by_its_header(shop: MotoApp) -> None:
    write_reports()
    headers = {"accept": "text/csv"}
    answer = ask("reports", "GET", "/v1/reports/roi", query={"month": MARCH}, headers=headers)
    assert answer.text.startswith("month,revision,")


@pytest.mark.parametrize("report", ["health", "roi"])
def test_months_without_a_report_and_no_months_are_problems(app: MotoApp, report: str) -> None:
    path = f"/v1/reports/{report}"
    answer = ask("reports", "GET", path, query={"month": MARCH})
    assert (answer.status, answer.body["code"]) == (404, "report_not_found")
    queries: list[dict[str, str]] = [{"month": "2017-13"}, {"month": "March"}, {}]
    for query in queries:
        answer = ask("reports", "GET", path, query=query)
        assert (answer.status, answer.body["code"]) == (422, "invalid_request")


def test_the_same_stream_again_and_the_same_reports_again_change_nothing(shop: MotoApp) -> None:
    write_reports()
    before = shop.items(shop.program_table)
    count(shop)
    write_reports()
    invoke(schedules.refresh_reports.handler, {})
    assert shop.items(shop.program_table) == before


def test_finance_closes_a_month(shop: MotoApp) -> None:
    path = f"/v1/reports/months/{MARCH}/lock"
    locked = ask("reports", "POST", path, roles="finance")
    assert (locked.status, locked.body["locked_by"]) == (200, "caller")
    assert (locked.body["month"], locked.body["roi_revision"]) == (MARCH, 1)
    buy("ann", "O-3", 1_000)
    count(shop)
    write_reports()
    assert ask("reports", "POST", path) == locked

    assert ask("reports", "POST", path, roles="manager").status == 403
    refused = ask("reports", "POST", "/v1/reports/months/2017-04/lock")
    assert (refused.status, refused.body["code"]) == (409, "month_still_open")


def test_the_funnel_is_served_as_json_and_csv(shop: MotoApp) -> None:
    buy("cid", "O-9", 60_000)
    count(shop)
    query = {"from": "2017-02", "to": MARCH}

    funnel = ask("reports", "GET", "/v1/reports/funnel", query=query).body
    assert (funnel["from_month"], funnel["to_month"]) == ("2017-02", MARCH)
    assert funnel["total"]["crossed"] == 1
    assert sum(arm["crossed"] for arm in funnel["by_variant"].values()) == 1

    answer = ask("reports", "GET", "/v1/reports/funnel", query={**query, "format": "csv"})
    *_, total = csv.DictReader(answer.text.splitlines())
    assert (total["variant"], total["crossed"]) == ("total", "1")


def test_the_funnel_is_for_those_who_read_reports_and_has_a_period(app: MotoApp) -> None:
    path, query = "/v1/reports/funnel", {"from": MARCH, "to": MARCH}
    for role, status in (("marketer", 200), ("pos", 403), ("warehouse", 403)):
        assert ask("reports", "GET", path, query=query, roles=role).status == status
    backwards = ask("reports", "GET", path, query={"from": "2017-04", "to": MARCH})
    assert (backwards.status, backwards.body["code"]) == (422, "period_not_readable")
    missing = ask("reports", "GET", path, query={"from": MARCH})
    assert missing.body["errors"] == [{"pointer": "/query/to", "reason": "missing"}]


def test_a_fact_that_cannot_be_read_comes_again(
    shop: MotoApp, capsys: pytest.CaptureFixture[str]
) -> None:
    item = {"pk": {"S": "x"}, "sk": {"S": "y"}, "item_type": {"S": "entry"}}
    answer = invoke(streams.count_totals.handler, stream_of([item]))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert '"FactsNotCounted":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_a_cycle_lists_members_and_names_who_failed(shop: MotoApp) -> None:
    plan = invoke(program_cycle.plan_cycle.handler, {**CYCLE, "scheduled_at": None})
    assert plan["members"] == 1
    s3 = shop.client("s3")
    listed = s3.get_object(Bucket=shop.bucket, Key=plan["key"])["Body"].read().decode()
    header, member_id = listed.split()
    failed = {"Input": json.dumps({"member_id": member_id}), "Error": "E", "Cause": "why"}
    s3.put_object(Bucket=shop.bucket, Key="r/FAILED_0.jsonl", Body=json.dumps(failed))
    files = {"SUCCEEDED": [], "FAILED": [{"Key": "r/FAILED_0.jsonl"}], "PENDING": []}
    s3.put_object(Bucket=shop.bucket, Key="r/m.json", Body=json.dumps({"ResultFiles": files}))
    results = invoke(program_cycle.collect_results.handler, {**CYCLE, "manifest_key": "r/m.json"})
    assert results == {"evaluated": 0, "failed_members": 1, "upgraded": 0}
    invoke(program_cycle.close_cycle.handler, {**CYCLE, "state": "done"})

    path = f"/v1/reports/cycles/{CYCLE['cycle_id']}"
    progress = ask("cycles", "GET", path).body
    assert (header, progress["state"]) == ("member_id", "done")
    assert progress["failed"] == [{"member_id": member_id, "reason": "E: why"}]


def test_cycles_are_for_staff_and_for_months_that_are_over(shop: MotoApp) -> None:
    path = "/v1/reports/cycles"
    assert ask("cycles", "POST", path, {"month": MARCH}, roles="pos").status == 403
    open_month = ask("cycles", "POST", path, {"month": "2017-04"})
    assert (open_month.status, open_month.body["code"]) == (409, "month_still_open")
    unknown = ask("cycles", "GET", f"{path}/unknown")
    assert (unknown.status, unknown.body["code"]) == (404, "cycle_not_found")
