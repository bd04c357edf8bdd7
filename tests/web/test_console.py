"""The staff's console in a browser."""

from __future__ import annotations

import json

import pytest

from tests.support.program import Customer, Program
from tests.support.visitor import Visitor
from tests.web.conftest import DEFINITION, PLATINUM_MINOR, Visit
from tests.web.people import (
    LONG_NAME,
    RIGHT_TO_LEFT,
    a_busy_member,
    a_member,
    has_catalogues,
    signs_in,
    signs_in_as,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FIRST_MONTH = "2017-02"
PAGES = (
    "/months",
    f"/months/{FIRST_MONTH}",
    "/funnel",
    "/tasks?kind=merge",
    "/tasks",
    "/members",
)


def test_a_manager_approves_an_upgrade_and_the_members_page_changes(
    program: Program, visit: Visit
) -> None:
    customer = a_member(program, name="Ada")
    program.buys(customer, PLATINUM_MINOR)
    member = signs_in(visit(), program, customer)
    assert "Your way to Platinum" in member.text
    manager = signs_in_as(visit(), "manager")

    manager.tabs_to("Tasks").enters()
    review = manager.part(customer.member_id)
    review.get_by_label("Why").fill("a good customer")
    review.get_by_label("Approve").check()
    manager.presses("Decide", within=customer.member_id)
    program.settle()

    assert "The decision is taken" in manager.text
    assert "You have reached the highest tier." in member.opens("/portal").text
    assert "€25.00 off" in member.follows("Vouchers").text
    manager.follows("Members")
    manager.page.get_by_label("Its value").fill(customer.email)
    manager.presses("Find")
    assert manager.heading == "Ada"
    assert "A manager said yes, and the member still qualified then." in manager.text


def test_enter_in_a_field_decides_nothing_that_was_not_chosen(
    program: Program, visit: Visit
) -> None:
    customer = a_member(program)
    program.buys(customer, PLATINUM_MINOR)
    manager = signs_in_as(visit(), "manager").opens("/console/tasks?kind=tier_review")
    review = manager.part(customer.member_id)
    review.get_by_label("Why").fill("still thinking")

    manager.page.keyboard.press("Enter")
    assert review.get_by_label("Approve").evaluate("it => !it.validity.valid")
    assert manager.path == "/console/tasks"
    assert customer.member_id in manager.opens("/console/tasks?kind=tier_review").text

    manager.part(customer.member_id).get_by_label("Why").fill("no")
    manager.tabs_to("Approve")  # no choice yet: the group's first one
    manager.page.keyboard.press("ArrowDown")
    manager.enters()
    assert "The decision is taken" in manager.text
    assert (
        customer.member_id in manager.opens("/console/tasks?kind=tier_review&state=rejected").text
    )


def test_every_page_is_accessible_with_much_to_see(program: Program, visit: Visit) -> None:
    has_catalogues(program)
    busy = a_busy_member(program, name=RIGHT_TO_LEFT)
    buyer = a_member(program, name=LONG_NAME)
    program.buys(buyer, PLATINUM_MINOR)
    program.post("/v1/reports/cycles", {"month": FIRST_MONTH}, role="admin")
    program.settle()
    program.cloud.client("sqs").send_message(
        QueueUrl=program.outputs["OrdersDlq"], MessageBody=json.dumps({"detail-type": LONG_NAME})
    )
    staff = visit(javascript=True).opens("/console").audits()
    signs_in_as(staff, "staff").audits()

    for page in PAGES:
        staff.opens(f"/console{page}").audits()
    staff.page.get_by_label("Its value").fill("nobody@example.com")
    staff.presses("Find").audits()
    staff.opens(f"/console/members/{busy.member_id}").audits().follows("What was before").audits()
    staff.opens(f"/console/members/{buyer.member_id}").audits().follows("Executions").audits()
    staff.page.locator("main table a").first.click()
    staff.audits()
    staff.opens("/console/queues").audits().follows("Orders").audits()
    staff.opens("/console/program").audits()
    for definition in ({"top_offer_uses": -1}, DEFINITION | {"top_offer_uses": 4}):
        staff.page.locator("#definition").fill(json.dumps(definition))
        staff.presses("See what changes").audits()
    assert staff.heading == "What changes"
    _decides_too_late(staff, program, buyer)
    assert staff.audits().heading == "Somebody was faster"
    staff.page.emulate_media(color_scheme="dark")
    staff.audits()
    for page in ("/months", "/tasks?kind=gift_dispatch", f"/members/{busy.member_id}", "/program"):
        staff.opens(f"/console{page}").audits()
    staff.opens("/console/no/such/page").audits().presses("Sign out").audits()


def _decides_too_late(staff: Visitor, program: Program, customer: Customer) -> None:
    """Approve what somebody else rejects in the meantime."""
    review = staff.opens("/console/tasks?kind=tier_review").part(customer.member_id)
    action = review.locator("form.decision").get_attribute("action") or ""
    task_id = action.split("/")[3]
    program.post(f"/v1/tasks/{task_id}/decision", {"decision": "rejected"}, role="manager")
    review.get_by_label("Approve").check()
    staff.presses("Decide", within=customer.member_id)


def test_every_page_is_accessible_with_nothing_to_see(program: Program, visit: Visit) -> None:
    warehouse = signs_in_as(visit(javascript=True, is_dark=True), "warehouse").audits()

    warehouse.opens("/console/tasks?state=returned").audits()

    assert "Nothing here." in warehouse.text
    assert "Dead letters" not in warehouse.text
    warehouse.opens("/console/months").audits()
    assert warehouse.heading != "Months"
