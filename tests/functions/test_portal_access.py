"""Every route of the portal × everybody who may come: nobody reaches another member's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import pytest

import web.portal
from tests.support.browser import Browser, Page
from tests.support.examples import NOW
from tests.support.portal_app import Portal

SECRETS = ("Ada Geheim", "Secret Lane", "ada@example.com", ">987<")
OPEN = {
    ("GET", "/portal/sign-in"),
    ("POST", "/portal/sign-in"),
    ("GET", "/portal/sign-in/<token>"),
    ("POST", "/portal/sign-in/<token>"),
}
FORMS: Mapping[str, Mapping[str, str]] = {
    "/portal/sign-in": {"email": "nobody@example.com"},
    "/portal/rewards/<reward_id>": {"version": "1", "points": "100"},
    "/portal/account/messages": {"email": "on", "shown": ""},
    "/portal/account/person": {"name": "Mallory", "address": ""},
    "/portal/account/language": {"language": "de"},
    "/portal/account/leave": {"sure": "on"},
}
VALUES = {"<token>": "x", "<reward_id>": "mug", "<offer_id>": "tea"}
# What ends a session comes last.
ROUTES = sorted(
    ((route.method, route.path) for route in web.portal.app.routes),
    key=lambda route: route in {("POST", "/portal/sign-out"), ("POST", "/portal/account/leave")},
)
SIGN_IN_AGAIN = {f"/portal/sign-in{notice}" for notice in ("", "?notice=over")}
POSTS = [path for method, path in ROUTES if method == "POST"]


@dataclass(frozen=True)
class Town:
    """Ada has everything; `code` is that of her voucher."""

    portal: Portal
    ada: str
    code: str

    def shows_ada(self, page: Page) -> bool:
        told = f"{page.text} {dict(page.headers)}"
        return any(secret in told for secret in (*SECRETS, self.ada, self.code))


@pytest.fixture
def town(portal: Portal) -> Town:
    ada = portal.member("ada@example.com", name="Ada Geheim")
    portal.change(ada, address="Secret Lane 1")
    portal.points(ada, 987)
    portal.reward()
    portal.offer()
    return Town(portal, ada, portal.voucher(ada))


def expired(town: Town) -> Browser:
    browser = town.portal.signed_in()
    town.portal.app.set_clock(NOW + timedelta(hours=1))
    return browser


def signed_out(town: Town) -> Browser:
    browser = town.portal.signed_in()
    before = Browser(cookie=browser.cookie)
    browser.submit("/portal/sign-out")
    return before


def forged(town: Town) -> Browser:
    cookie = town.portal.signed_in().cookie
    head, claims, signature = cookie.split(".")
    return Browser(cookie=f"{head}.{claims}.{signature[::-1]}")


def merged(town: Town) -> Browser:
    town.portal.member("cora@example.com")
    browser = town.portal.signed_in("cora@example.com")
    cora = town.portal.member("cora@example.com")
    town.portal.change(cora, status="merged", merged_into=town.ada)
    return browser


STRANGERS: list[Callable[[Town], Browser]] = [
    lambda town: Browser(),
    expired,
    signed_out,
    forged,
    merged,
]


def address_of(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return path


def token_on(page: Page) -> str:
    return page.text.split('name="csrf" value="')[1].split('"')[0]


def ask(browser: Browser, method: str, path: str, token: str = "") -> Page:
    body = urlencode({**FORMS.get(path, {}), "csrf": token}) if method == "POST" else ""
    return browser.ask(method, address_of(path), body, {"sec-fetch-site": "same-origin"})


@pytest.mark.parametrize("stranger", STRANGERS)
def test_without_a_session_that_holds_there_is_nothing_to_see_or_do(
    town: Town, stranger: Callable[[Town], Browser]
) -> None:
    cookie = stranger(town).cookie
    before = town.portal.read(town.ada)
    for method, path in ROUTES:
        browser = Browser(cookie=cookie)
        open_page = browser.ask("GET", "/portal/sign-in")
        token = token_on(open_page) if "csrf" in open_page.text else ""
        page = ask(browser, method, path, token)
        if (method, path) in OPEN:
            assert page.status in {200, 303, 410}, path
        else:
            place, _, notice = page.headers["Location"].partition("?notice=")
            assert bool(notice) is (method == "POST"), path
            assert (page.status, place) == (303, "/portal/sign-in"), path
        assert not town.shows_ada(page), path
    assert town.portal.read(town.ada) == before


def test_another_member_sees_and_changes_their_own_only(town: Town) -> None:
    ben = town.portal.member("ben@example.com", name="Ben")
    town.portal.points(ben, 500)
    browser = town.portal.signed_in("ben@example.com")
    before, token = town.portal.read(town.ada), token_on(browser.page)
    cookie = browser.cookie
    for method, path in ROUTES:
        visitor = Browser(cookie=cookie)
        page = ask(visitor, method, path, token)
        assert page.status in {200, 303, 410}, (method, path, page.text)
        assert page.headers.get("Location") not in SIGN_IN_AGAIN, path
        assert not town.shows_ada(page), path
        if path.endswith("sign-out"):
            again = town.portal.signed_in("ben@example.com")
            cookie, token = again.cookie, token_on(again.page)
    assert town.portal.read(town.ada) == before
    assert town.portal.read(ben).status == "left"


def test_a_cursor_of_another_members_list_leads_through_ones_own(town: Town) -> None:
    for number in range(25):
        town.portal.points(town.ada, 1, f"B-{number}")
        if number < 12:
            town.portal.voucher(town.ada, f"W-{number}")
    ada = town.portal.signed_in()
    town.portal.member("ben@example.com", name="Ben")
    ben = town.portal.signed_in("ben@example.com")
    for path in ("history", "vouchers"):
        page = ada.open(f"/portal/{path}")
        following = page.text.split(f'href="/portal/{path}?')[1].split('"')[0]
        found = ben.open(f"/portal/{path}?{following}")
        assert found.status == 200
        assert not town.shows_ada(found)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_form_of_another_site_does_nothing(town: Town, headers: Mapping[str, str]) -> None:
    browser = town.portal.signed_in()
    before, token = town.portal.read(town.ada), token_on(browser.page)
    for path in POSTS:
        fields = {**FORMS.get(path, {}), "csrf": token}
        assert browser.post(address_of(path), fields, headers).status == 403, path
    assert town.portal.read(town.ada) == before


def test_a_form_without_the_sessions_token_does_nothing(town: Town) -> None:
    browser = town.portal.signed_in()
    town.portal.member("ben@example.com")
    of_ben = token_on(town.portal.signed_in("ben@example.com").page)
    before = town.portal.read(town.ada)
    for path in POSTS:
        for token in ("", of_ben):
            assert ask(browser, "POST", path, token).status == 403, path
    assert town.portal.read(town.ada) == before


def test_an_old_browser_is_known_by_its_origin(town: Town) -> None:
    browser = town.portal.signed_in()
    token = token_on(browser.page)
    origin = {"origin": "https://elite.example.org"}
    page = browser.post("/portal/account/language", {"csrf": token, "language": "de"}, origin)
    assert page.status == 200


@pytest.mark.parametrize(
    "foreign", ["consent=a b c", "k@x=1", 'theme="dark', "{}=[]", "flag", "=", "", "__Host-sess=x"]
)
def test_a_cookie_of_somebody_else_locks_nobody_out(town: Town, foreign: str) -> None:
    session = town.portal.signed_in().cookie
    for cookie in (f"{foreign}; {session}", f"{session}; {foreign}", f"{foreign};{session};"):
        assert Browser(cookie=cookie).open("/portal").path == "/portal", cookie


@pytest.mark.parametrize(
    "name", ["session", "__host-session", "x__Host-session", "__Host-session2"]
)
def test_only_the_cookie_of_our_own_name_is_a_session(town: Town, name: str) -> None:
    token = town.portal.signed_in().cookie.partition("=")[2]
    assert Browser(cookie=f"{name}={token}").open("/portal").path == "/portal/sign-in"


def test_a_page_answers_no_idempotency_key(town: Town) -> None:
    path = town.portal.ask_for_link()
    headers = {"sec-fetch-site": "same-origin", "idempotency-key": "k-1"}
    first = Browser()
    assert first.ask("POST", path, "", headers).status == 303
    # The stored answer would hold the first one's session.
    second = Browser()
    assert second.ask("POST", path, "", headers).status == 410
    assert not second.cookie


def test_a_browser_that_came_over_tls_comes_back_so(town: Town) -> None:
    headers = Browser().open("/portal/sign-in").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_are_kept_by_nobody_and_run_nothing(town: Town) -> None:
    browser = town.portal.signed_in()
    for method, path in ROUTES:
        if method == "GET":
            headers = ask(browser, method, path).headers
            assert headers["Cache-Control"] == "no-store"
            if headers["Content-Type"].startswith("text/html"):
                policy = headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
                assert "unsafe" not in policy
