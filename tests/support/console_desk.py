"""What the console's tests look at: a member with an order, two tasks, a month; every route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from loyalty.domain.tasks import Task, gift_task
from loyalty.runtime import composition, reporting, tasking
from loyalty.runtime.auth import STAFF
from loyalty.services.charts import CHARTS
from loyalty.services.ports import MemberChange
from loyalty.services.reports import write_health_report, write_roi_report
from tests.support.console import RUNNING
from tests.support.elite_journey import MEMBER_ID, store_customer
from tests.support.examples import NOW
from tests.support.http import call, order
from tests.support.moto_app import MotoApp

REVIEW, GIFT = "t-review", "t-gift"
HOSTILE = "<script>alert('x')</script>"
MARCH = "2017-03"
REPORTS = {"finance", "manager", "marketer", "admin"}
MEMBERS = {"service", "marketer", "manager", "finance", "admin"}
DESK = {"service", "manager", "admin"}
PROGRAM_KEEPERS = {"manager", "admin"}


class Visit(NamedTuple):
    """A request, and who may make it: roles of the staff, or None for everybody."""

    path: str
    allowed: set[str] | None
    fields: Mapping[str, str] | None = None


# Every route of the console, as it is declared, and at least one visit to it.
MATRIX: dict[tuple[str, str], tuple[Visit, ...]] = {
    ("GET", "/console/sign-in"): (Visit("/console/sign-in", None),),
    ("GET", "/console/sign-in/begin"): (Visit("/console/sign-in/begin", None),),
    ("GET", "/console/sign-in/callback"): (Visit("/console/sign-in/callback", None),),
    ("POST", "/console/sign-out"): (Visit("/console/sign-out", None, {}),),
    ("GET", "/console"): (Visit("/console", set(STAFF)),),
    ("GET", "/console/months"): (Visit("/console/months", REPORTS),),
    ("GET", "/console/months/<month>"): (Visit(f"/console/months/{MARCH}", REPORTS),),
    ("GET", "/console/funnel"): (Visit("/console/funnel", REPORTS),),
    ("GET", "/console/plots/<name>"): tuple(
        Visit(f"/console/plots/{name}.svg", REPORTS) for name in CHARTS
    ),
    ("GET", "/console/plots/funnel.svg"): (Visit("/console/plots/funnel.svg", REPORTS),),
    ("GET", "/console/tasks"): (
        Visit("/console/tasks", {"service", "manager", "warehouse", "admin"}),
    ),
    ("POST", "/console/tasks/<task_id>/decision"): (
        Visit(f"/console/tasks/{REVIEW}/decision", PROGRAM_KEEPERS, {"decision": "approved"}),
        Visit(f"/console/tasks/{GIFT}/decision", {"warehouse", "admin"}, {"decision": "packed"}),
    ),
    ("GET", "/console/members"): (Visit("/console/members", MEMBERS),),
    ("POST", "/console/members"): (
        Visit("/console/members", MEMBERS, {"by": "member_id", "value": MEMBER_ID}),
    ),
    ("GET", "/console/members/<member_id>"): (Visit(f"/console/members/{MEMBER_ID}", MEMBERS),),
    ("GET", "/console/members/<member_id>/executions"): (
        Visit(f"/console/members/{MEMBER_ID}/executions", DESK),
    ),
    ("GET", "/console/executions/<machine>/<name>"): (
        Visit(f"/console/executions/elite_journey/{RUNNING}", DESK),
    ),
    ("GET", "/console/program"): (Visit("/console/program", set(STAFF)),),
    ("POST", "/console/program/check"): (
        Visit(
            "/console/program/check",
            PROGRAM_KEEPERS,
            {"based_on_version": "0", "definition": "{}"},
        ),
    ),
    ("POST", "/console/program"): (
        Visit("/console/program", PROGRAM_KEEPERS, {"based_on_version": "9", "definition": "x"}),
    ),
    ("GET", "/console/queues"): (Visit("/console/queues", PROGRAM_KEEPERS),),
    ("GET", "/console/queues/<name>"): (Visit("/console/queues/orders", PROGRAM_KEEPERS),),
    ("POST", "/console/queues/<name>/redrive"): (
        Visit("/console/queues/orders/redrive", {"admin"}, {}),
    ),
}
VISITS = [visit for visits in MATRIX.values() for visit in visits]
PAGES = {
    visit.path: visit.allowed
    for visit in VISITS
    if visit.fields is None and visit.allowed is not None
}
FORMS = [visit for visit in VISITS if visit.fields is not None and visit.allowed is not None]


def furnish(app: MotoApp) -> None:
    """Store one member with an order, two tasks, and a month with reports."""
    member = store_customer(name=f"Ada {HOSTILE}", address=f"1 Main St\n{HOSTILE}")
    upgrade = {"upgrade_id": "u-1", "from_tier": "member", "to_tier": "gold"}
    tasks = (
        Task(REVIEW, "tier_review", (MEMBER_ID,), NOW, "upgrade/u-1", upgrade, HOSTILE),
        gift_task(
            GIFT,
            MEMBER_ID,
            sku="gift",
            item=HOSTILE,
            quantity=1,
            opened_at=NOW,
            cause="upgrade/u-1",
        ),
    )
    store = composition.member_store()
    store.commit(MemberChange(replace(member, version=2), 1, tasks=tasks))
    call("orders", "POST", "/v1/orders", order(customer={"member_id": MEMBER_ID}))
    app.set_clock(NOW + timedelta(days=30))
    write_health_report(MARCH, **reporting.month_report_ports())
    write_roi_report(MARCH, **reporting.month_report_ports())


def state_of(task_id: str) -> str:
    task = tasking.task_store().task(task_id)
    assert task is not None
    return task.state


def add_task(task: Task) -> None:
    member = composition.member_store().member(MEMBER_ID)
    assert member is not None
    after = replace(member, version=member.version + 1)
    composition.member_store().commit(MemberChange(after, member.version, tasks=(task,)))
