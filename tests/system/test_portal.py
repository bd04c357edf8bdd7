"""The portal on the laptop cloud: from the invitation's mail to a session, and races for a link."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.mails import INVITE, WELCOME
from tests.support.program import Customer, Program

pytestmark = pytest.mark.system

AT_ONCE = 16
SIGN_IN = "Your link to Elite"


def visitor(program: Program) -> httpx.Client:
    """Return a browser: it keeps cookies, and says that its forms come from our pages."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    url = program.workspace.url
    return httpx.Client(base_url=url, headers=headers, timeout=60, follow_redirects=True)


def a_member(program: Program) -> Customer:
    customer = program.an_invited_customer()
    program.presses(program.mail(customer, INVITE).accept, "accept")
    return customer


def asked_for_link(program: Program, customer: Customer) -> str:
    with visitor(program) as browser:
        answer = browser.post("/portal/sign-in", data={"email": customer.email})
    assert answer.status_code == 200, answer.text
    program.settle()
    mail = [mail for mail in program.mails(customer) if mail.subject == SIGN_IN][-1]
    [link] = [link for link in mail.links if "/portal/sign-in/" in link]
    return link


def token_on(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found is not None, page.text
    return found.group(1)


def test_from_the_invitation_through_the_portal_and_out(program: Program) -> None:
    customer = program.an_invited_customer()
    with visitor(program) as browser:
        accepted = browser.post(f"{program.mail(customer, INVITE).accept}/accept")
        program.settle()
        [link] = re.findall(r'href="([^"]*/portal/sign-in/[^"]*)"', accepted.text)
        assert browser.get(link).status_code == 200
        home = browser.post(link)
        assert (home.status_code, home.url.path) == (200, "/portal")
        assert "Hello" in home.text
        for name in re.findall(r'(?:href|src)="(/static/[^"]*)"', home.text):
            assert "immutable" in browser.get(name).headers["cache-control"]
        saved = browser.post(
            "/portal/account/messages", data={"csrf": token_on(home), "shown": "email", "sms": "on"}
        )
        assert "Saved." in saved.text
        consents = program.profile(customer)["consents"]
        assert (consents["email"]["granted"], consents["email"]["source"]) == (False, "portal")
        out = browser.post("/portal/sign-out", data={"csrf": token_on(saved)})
        assert (out.url.path, browser.get("/portal").url.path) == ("/portal/sign-in",) * 2
    assert any("/portal" in link for link in program.mail(customer, WELCOME).links)


def test_of_many_who_follow_a_link_at_once_one_gets_in(program: Program) -> None:
    link = asked_for_link(program, a_member(program))

    def follow(_: int) -> str:
        with visitor(program) as browser:
            return browser.post(link).url.path

    with ThreadPoolExecutor(AT_ONCE) as pool:
        places = list(pool.map(follow, range(AT_ONCE)))
    assert places.count("/portal") == 1


def test_a_form_that_is_sent_many_times_at_once_counts_once(program: Program) -> None:
    customer = a_member(program)
    reward = {"reward_id": "tea", "name": "Tea", "kind": "product", "points": 100, "stock": 50}
    program.post("/v1/rewards", reward, role="manager")
    adjustment = {"adjustment_id": "A-1", "points": 450, "reason": "goodwill"}
    path = f"/v1/members/{customer.member_id}/adjustments"
    program.post(path, adjustment, role="manager")
    with visitor(program) as browser:
        home = browser.post(asked_for_link(program, customer))
        fields = {"csrf": token_on(home), "version": "7", "points": "100"}

        def redeem(_: int) -> int:
            return browser.post("/portal/rewards/tea", data=fields).status_code

        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = set(pool.map(redeem, range(AT_ONCE)))
    # Who was too slow often enough is told to try again, and may.
    assert statuses <= {200, 503}
    assert program.profile(customer)["points_available"] == 350
