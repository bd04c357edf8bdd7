"""What customers, partners and staff can type is text wherever it is shown, and never more."""

from __future__ import annotations

import json
from urllib.parse import quote

from loyalty.contracts.values import iso
from tests.support.program import DAY, Customer, Program
from tests.web.conftest import Visit
from tests.web.people import a_member, signs_in, signs_in_as

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' {{7*7}} &amp; </title>"
# What a name and an address may hold at all.
QUOTED = "Bobby \"Tables\" & 'sons' %s $(1)"
ADDRESS = QUOTED + "\n& 'Sons'"


def a_hostile_member(program: Program) -> Customer:
    """Return a member with whom everything is hostile that the API takes as text."""
    customer = a_member(program, name=QUOTED)
    member = f"/v1/members/{customer.member_id}"
    program.request("PATCH", member, {"address": ADDRESS}, role="service").raise_for_status()
    number = program.number()
    line = {"sku": HOSTILE, "category": HOSTILE, "quantity": 1, "amount_minor": 2_000}
    program.post("/v1/orders", program.an_order({"email": customer.email}, 2_000, lines=[line]))
    program.post(
        f"{member}/adjustments",
        {"adjustment_id": f"A-{number}", "points": 400, "reason": HOSTILE},
        role="manager",
    )
    reward = {"name": HOSTILE, "points": 10, "sku": HOSTILE}
    benefit = {"kind": "product", "sku": HOSTILE, "categories": [HOSTILE]}
    voucher = {"kind": "voucher", "voucher": benefit}
    program.post(
        "/v1/rewards", reward | {"reward_id": f"P-{number}", "kind": "gift"}, role="manager"
    )
    program.post("/v1/rewards", reward | voucher | {"reward_id": f"V-{number}"}, role="manager")
    for redeemed in ("P", "V"):
        redemption = {
            "redemption_id": f"R-{redeemed}-{number}",
            "reward_id": f"{redeemed}-{number}",
        }
        program.post(f"{member}/redemptions", redemption)
    offer = {
        "offer_id": f"O-{number}",
        "name": HOSTILE,
        "kind": "product",
        "sku": HOSTILE,
        "categories": [HOSTILE],
        "valid_from": iso(program.now),
        "expires_at": iso(program.now + 30 * DAY),
    }
    program.post("/v1/offers", offer, role="manager")
    program.put(f"{member}/preferences", {"statement": True}, role="service")
    program.settle()
    return customer


def test_pages_and_mails_show_hostile_text_as_text(program: Program, visit: Visit) -> None:
    customer = a_hostile_member(program)
    visitor = signs_in(visit(javascript=True), program, customer)

    assert QUOTED in visitor.text
    for page in ("", "/offers", "/rewards", "/vouchers", "/history"):
        assert HOSTILE in visitor.opens(f"/portal{page}").text, page
    visitor.opens("/portal/rewards").page.get_by_role("link", name=HOSTILE).first.click()
    assert visitor.heading == HOSTILE
    visitor.opens("/portal/account")
    assert visitor.page.get_by_label("Name").input_value() == QUOTED
    assert visitor.page.locator("#address").input_value() == ADDRESS

    mails = program.mails(customer)
    assert mails
    for mail in mails:
        visitor.reads(mail.html)
    assert sum(QUOTED in visitor.reads(mail.html).text for mail in mails) >= 2


def test_the_console_shows_hostile_text_as_text(program: Program, visit: Visit) -> None:
    customer = a_hostile_member(program)
    story = f"/console/members/{customer.member_id}"
    staff = signs_in_as(visit(javascript=True), "staff", subject=HOSTILE)

    assert f"Signed in as {HOSTILE}" in staff.text
    assert staff.opens(story).heading == QUOTED
    assert f"Adjustment: {HOSTILE}" in staff.text
    staff.opens("/console/tasks?kind=gift_dispatch")
    gift = staff.part(QUOTED)
    assert HOSTILE in gift.inner_text()
    assert "& 'Sons'" in gift.inner_text()
    gift.get_by_label("Why").fill(HOSTILE)
    gift.get_by_label("Tracking number").fill(HOSTILE)
    gift.get_by_label("Dispatched").check()
    staff.presses("Decide", within=QUOTED)
    decided = staff.opens("/console/tasks?kind=gift_dispatch&state=dispatched").part(QUOTED)
    for said in (f"dispatched by {HOSTILE}", f"tracking {HOSTILE}: {HOSTILE}"):
        assert said in " ".join(decided.inner_text().split())

    staff.opens("/console/members").page.get_by_label("Its value").fill(HOSTILE)
    staff.presses("Find")
    staff.opens("/console/program").page.locator("#definition").fill(json.dumps({HOSTILE: HOSTILE}))
    assert HOSTILE in staff.presses("See what changes").text
    for place in ("sign-in?back_to=", "members?show=", "tasks?kind=", "?notice=", "queues/"):
        staff.opens(f"/console/{place}{quote(HOSTILE)}")
