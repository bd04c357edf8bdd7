"""The members' portal in a browser, from the mailed link on."""

from __future__ import annotations

import json

import pytest

from tests.support.mails import INVITE, SIGN_IN
from tests.support.program import Program
from tests.support.visitor import Visitor
from tests.web.conftest import Visit
from tests.web.people import (
    LONG_NAME,
    RIGHT_TO_LEFT,
    a_busy_member,
    a_member,
    has_catalogues,
    signs_in,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGES = ("", "/offers", "/rewards", "/vouchers", "/history", "/account")


def test_from_the_invitation_to_opting_out_with_the_keyboard_and_without_scripts(
    program: Program, visit: Visit
) -> None:
    has_catalogues(program)
    customer = program.an_invited_customer(name="Ada")
    visitor = visit()
    visitor.opens(program.mail(customer, INVITE).accept).tabs_to("Join Elite").enters()
    program.settle()
    gesture = {"adjustment_id": f"A-{program.number()}", "points": 400, "reason": "a gesture"}
    program.post(f"/v1/members/{customer.member_id}/adjustments", gesture, role="manager")

    visitor.tabs_to("Open my pages").enters().tabs_to("Sign in").enters()
    assert visitor.heading == "Hello, Ada"

    visitor.tabs_to("Offers").enters().tabs_to("Activate : Tea week").enters()
    assert "activated" in visitor.part("Tea week").inner_text()
    [tea] = [
        offer
        for offer in program.get(f"/v1/members/{customer.member_id}/offers")["items"]
        if offer["offer_id"] == "tea"
    ]
    assert tea["activated_at"] is not None

    visitor.tabs_to("Rewards").enters().tabs_to("Get it : A coffee").enters()
    visitor.tabs_to("Get it for 50 points").enters()
    assert "It is yours." in visitor.text
    [redemption] = [
        entry
        for entry in program.get(f"/v1/members/{customer.member_id}/ledger")["items"]
        if entry["kind"] == "redemption"
    ]
    assert redemption["points"] == -50

    visitor.tabs_to("Account").enters().unticks("By e-mail").presses("Save", within="By e-mail")
    assert "Saved." in visitor.text
    consents = program.profile(customer)["consents"]
    assert consents["email"]["granted"] is False

    visitor.tabs_to("Sign out").enters()
    assert visitor.heading == "Sign in"
    assert visitor.opens("/portal/history").heading == "Sign in"


def tour(visitor: Visitor) -> list[str]:
    """Look at every page that has no form of its own; return their headings."""
    return [visitor.opens(f"/portal{page}").audits().heading for page in PAGES]


def test_every_page_is_accessible_with_all_that_can_happen(program: Program, visit: Visit) -> None:
    has_catalogues(program)
    customer = a_busy_member(program, name=RIGHT_TO_LEFT)
    visitor = signs_in(visit(javascript=True), program, customer)

    tour(visitor)
    visitor.opens("/portal/history").follows("Earlier").audits()
    visitor.opens("/portal/vouchers").page.get_by_text("Show the code").first.click()
    visitor.audits()
    visitor.opens("/portal/rewards").follows("Get it : Enamel mug").audits()
    visitor.opens("/portal/account").follows("Leave Elite").audits()
    visitor.opens("/portal/no/such/page").audits()
    visitor.opens("/portal").presses("Sign out").audits()
    visitor.opens("/portal/sign-in/made-up").presses("Sign in").audits()


@pytest.mark.parametrize(("name", "language"), [("", "en"), (LONG_NAME, "de")])
def test_every_page_is_accessible_when_nothing_happened_yet(
    program: Program, visit: Visit, name: str, language: str
) -> None:
    customer = a_member(program, **({"name": name} if name else {}))

    visitor = signs_in(visit(javascript=True, language=language, is_dark=True), program, customer)

    headings = tour(visitor)
    assert len(set(headings)) == len(PAGES)
    assert visitor.page.locator("html").get_attribute("lang") == language


def test_signing_in_is_accessible_at_each_step(program: Program, visit: Visit) -> None:
    customer = a_member(program)
    visitor = visit(javascript=True)
    email = visitor.opens("/portal/sign-in").page.locator("#email")
    # Longer than the page lets one type.
    email.evaluate("it => { it.removeAttribute('maxlength'); it.type = 'text' }")
    email.fill("a" * 301)
    visitor.presses("Send me the link").audits()
    assert "Please write one address" in visitor.text
    visitor.fills({"Your e-mail address": customer.email}).presses("Send me the link").audits()
    assert visitor.heading == "Look into your inbox"
    visitor.opens(program.mail(customer, SIGN_IN).sign_in).audits()
    assert visitor.heading == "Welcome back"
    visitor.presses("Sign in")
    assert visitor.path == "/portal"


def test_a_full_account_and_what_is_refused_are_accessible_in_german_and_in_the_dark(
    program: Program, visit: Visit
) -> None:
    has_catalogues(program)
    number = program.number()
    for kind in ("dear", "rare"):
        reward = {"reward_id": f"{kind}-{number}", "name": kind, "kind": "product", "points": 30}
        program.post("/v1/rewards", reward, role="manager")
    customer = a_busy_member(program, name=RIGHT_TO_LEFT)
    visitor = signs_in(visit(javascript=True, language="de", is_dark=True), program, customer)
    tour(visitor)

    visitor.opens(f"/portal/rewards/dear-{number}")
    program.request(
        "PATCH", f"/v1/rewards/dear-{number}", {"points": 40}, role="manager"
    ).raise_for_status()
    visitor.presses("Für 30 Punkte holen").audits()
    assert "Der Preis hat sich inzwischen geändert" in visitor.text
    visitor.opens(f"/portal/rewards/rare-{number}")
    program.request(
        "PATCH", f"/v1/rewards/rare-{number}", {"stock": 0}, role="manager"
    ).raise_for_status()
    visitor.presses("Für 30 Punkte holen").audits()
    assert "Von dieser Prämie ist nichts mehr da." in visitor.text

    visitor.opens("/portal/account").fills({"Name": "{Ada}"})
    visitor.presses("Speichern", within="Name").audits()
    assert visitor.page.get_by_label("Name", exact=True).get_attribute("aria-invalid") == "true"
    visitor.page.locator("main form.card [name=csrf]").first.evaluate("it => { it.value = 'x' }")
    visitor.presses("Speichern", within="Name").audits()
    assert visitor.heading == "Das kam von woanders"


def test_a_member_takes_the_data_along_and_leaves(program: Program, visit: Visit) -> None:
    customer = a_member(program, name="Grace")
    visitor = signs_in(visit(), program, customer).follows("Account")

    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download my data").click()
    exported = json.loads(download.value.path().read_text())
    visitor.follows("Leave Elite").ticks("Yes, I want to leave").presses("Leave Elite")

    assert exported["profile"]["name"] == "Grace"
    assert "You have left Elite." in visitor.text
    assert program.request("GET", f"/v1/members/{customer.member_id}").status_code == 404
    assert visitor.opens("/portal").heading == "Sign in"
