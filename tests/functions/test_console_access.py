"""Who gets into the console, and what each role may do there."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from console import pages
from loyalty.adapters import oidc
from loyalty.runtime import composition
from loyalty.runtime.auth import STAFF
from tests.support.browser import Browser
from tests.support.console import Console
from tests.support.console_desk import (
    FORMS,
    MATRIX,
    PAGES,
    REVIEW,
    state_of,
)

# ── Signing in and out ────────────────────────────────────────────────────────────────────────────


def test_the_matrix_names_every_route_of_the_console() -> None:
    assert set(MATRIX) == {(route.method, route.path) for route in pages.app.routes}


def test_without_a_session_every_page_and_form_leads_to_sign_in(staff: Console) -> None:
    for path in PAGES:
        browser = Browser(site="pages", folder="console")
        assert browser.ask("GET", path).headers["Location"].startswith("/console/sign-in"), path
    for form in FORMS:
        answer = Browser(site="pages", folder="console").send(form.path, form.fields or {})
        address = answer.headers["Location"]
        assert re.match(r"/console/sign-in\?notice=over(&back_to=/console/[a-z]+)?$", address)


def test_signing_in_leads_back_to_where_one_wanted(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    page = browser.open("/console/tasks")
    assert page.path == "/console/sign-in"
    [begin] = re.findall(r'href="(/console/sign-in/begin[^"]*)"', page.text)
    assert staff.answer(browser, browser.ask("GET", begin), role="manager").path == "/console/tasks"


@pytest.mark.parametrize("back_to", ["https://evil.example", "//evil.example", "/console//x:y@z"])
def test_nobody_is_led_away(staff: Console, back_to: str) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", f"/console/sign-in/begin?back_to={back_to}")
    if begun.status == 303:
        assert staff.answer(browser, begun, role="manager").status == 404
    else:
        assert begun.status == 422


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(staff: Console) -> None:
    victim, attacker = (Browser(site="pages", folder="console") for _ in range(2))
    begun = attacker.ask("GET", "/console/sign-in/begin")
    victim.ask("GET", "/console/sign-in/begin")
    page = staff.answer(victim, begun, role="admin")
    assert page.path == "/console/sign-in"
    assert page.says("did not work")


def test_a_sign_in_is_over_after_its_time(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    secret = composition.link_secret()
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    pending = oidc.opened(browser.cookie.partition("=")[2], state, secret)
    late = oidc.sealed(pending, secret, lasts=timedelta(seconds=-1))
    browser.cookie = f"__Host-console_sign_in={late}"
    assert staff.answer(browser, begun, role="admin").path == "/console/sign-in"


@pytest.mark.parametrize("code", ["", "unknown"])
def test_without_a_code_of_the_provider_there_is_no_session(staff: Console, code: str) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    page = browser.open(f"/console/sign-in/callback?code={code}&state={state}")
    assert page.path == "/console/sign-in"


@pytest.mark.parametrize("role", ["pos", "crm"])
def test_machines_and_members_have_no_console(staff: Console, role: str) -> None:
    assert staff.browser(role).page.path == "/console/sign-in"


def test_a_token_for_the_api_is_no_session(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    browser.cookie = f"__Host-console={staff.issuer.token('admin')}"
    assert browser.open("/console/tasks").path == "/console/sign-in"


def test_signed_out_is_out(staff: Console) -> None:
    browser = staff.browser()
    browser.open("/console")
    assert browser.submit("/console/sign-out").says("signed out")
    assert browser.open("/console/tasks").path == "/console/sign-in"


def test_after_signing_out_the_next_one_has_to_prove_who_they_are(staff: Console) -> None:
    browser = staff.browser()
    assert "prompt=login" not in browser.ask("GET", "/console/sign-in/begin").headers["Location"]
    browser = staff.browser()
    browser.open("/console")
    browser.submit("/console/sign-out")
    browser.open("/console/tasks")
    begun = Browser(site="pages", folder="console", cookie=browser.cookie)
    assert "prompt=login" in begun.ask("GET", "/console/sign-in/begin").headers["Location"]


def test_signing_out_ends_the_providers_session_too(
    staff: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_END_SESSION_URL", "https://issuer.example/logout?kind=staff")
    browser = staff.browser()
    page = browser.open("/console")
    assert "form-action 'self' https://issuer.example;" in page.headers["Content-Security-Policy"]
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', page.text))
    answer = browser.send("/console/sign-out", {"csrf": token})
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert answer.headers["Location"].startswith("https://issuer.example/logout?kind=staff&")
    assert asked["client_id"] == ["console"]
    assert asked["post_logout_redirect_uri"] == asked["logout_uri"]
    assert asked["logout_uri"][0].endswith("/console/sign-in")
    assert browser.open("/console/tasks").path == "/console/sign-in"


def test_a_form_sent_after_the_sessions_end_is_told_that_it_changed_nothing(
    staff: Console,
) -> None:
    browser = staff.browser()
    browser.open("/console/tasks?kind=tier_review")
    browser.cookie = ""  # the browser forgets it with the session
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.path == "/console/sign-in"
    assert re.search(r'role="status">Your session was over, so nothing was changed', page.text)
    assert state_of(REVIEW) == "open"
    [begin] = re.findall(r'href="(/console/sign-in/begin[^"]*)"', page.text)
    assert staff.answer(browser, browser.ask("GET", begin), role="manager").path == "/console/tasks"
    assert not browser.open("/console/tasks").says("nothing was changed")


@pytest.mark.parametrize(("seconds", "path"), [(3590, "/console"), (3600, "/console/sign-in")])
def test_a_session_ends_after_an_hour_whatever_the_token_says(
    staff: Console, seconds: int, path: str
) -> None:
    browser = staff.holding(iat=int(time.time()) - seconds)
    assert browser.open("/console").path == path


def test_the_cookie_is_out_of_reach(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    for part in ("__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert part in begun.headers["Set-Cookie"]


# ── Who may what ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_page_is_for_its_roles(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    for path, allowed in PAGES.items():
        page = browser.open(path)
        assert page.status == (200 if role in allowed else 403), path
        assert page.says("Not for your role") == (page.status == 403), path
        for way_back in re.findall(r'class="button" href="([^"]*)"', page.text):
            assert page.status == 200 or browser.open(way_back).status == 200, path


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_form_is_for_its_roles(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    browser.open("/console")
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', browser.page.text))
    for path, allowed, fields in FORMS:
        answer = browser.post(path, {"csrf": token, **(fields or {})})
        assert (answer.status == 403) == (role not in (allowed or ())), path
        assert answer.status < 500, path


@pytest.mark.parametrize("role", sorted(STAFF))
def test_the_navigation_leads_nowhere_forbidden(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    text = browser.open("/console").text
    for path in {*re.findall(r'href="(/console[^"]*)"', text)}:
        assert browser.open(path).status == 200, path


def test_a_form_from_elsewhere_changes_nothing(staff: Console) -> None:
    browser = staff.browser()
    fields = {"decision": "approved"}
    path = f"/console/tasks/{REVIEW}/decision"
    page = browser.post(path, fields)
    assert page.status == 403
    assert "<h1>Open the page again</h1>" in page.text
    assert 'class="button" href="/console/tasks"' in page.text
    assert browser.post(path, fields, {"sec-fetch-site": "cross-site"}).status == 403
    assert state_of(REVIEW) == "open"


def test_only_an_admin_redrives(staff: Console) -> None:
    staff.app.client("sqs").send_message(QueueUrl=staff.app.orders_dlq_url, MessageBody="{}")
    action = "/console/queues/orders/redrive"
    assert action in staff.browser("admin").open("/console/queues").text
    browser = staff.browser("manager")
    assert action not in browser.open("/console/queues").text
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', browser.page.text))
    assert browser.post(action, {"csrf": token}).status == 403
