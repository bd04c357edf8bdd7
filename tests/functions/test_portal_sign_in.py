"""Signing in to the portal by a link in a mail, staying signed in, signing out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.runtime import composition
from loyalty.services.ports import EmailInDoubt, EmailRefused
from tests.support.browser import Browser
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.portal_app import Portal


def test_the_link_in_the_mail_signs_in(portal: Portal) -> None:
    portal.member(name="Ada")
    browser = portal.signed_in()
    assert browser.page.path == "/portal"
    assert browser.page.says("Hello, Ada")


def test_opening_the_link_alone_signs_nobody_in(portal: Portal) -> None:
    portal.member()
    scanner = Browser()
    path = portal.ask_for_link()
    assert scanner.open(path).status == 200
    assert not scanner.cookie
    assert scanner.open("/portal").path == "/portal/sign-in"


def test_a_link_works_once(portal: Portal) -> None:
    portal.member()
    path = portal.ask_for_link()
    first, second = Browser(), Browser()
    for browser in (first, second):
        browser.open(path)
    assert first.submit(path).status == 200
    assert second.submit(path).status == 410
    assert second.page.says("This link does not work any more")
    assert not second.cookie


def test_a_second_click_on_sign_in_comes_to_the_same_pages(portal: Portal) -> None:
    member_id = portal.member(name="Ada")
    path = portal.ask_for_link()
    browser = Browser()
    browser.open(path)
    assert browser.send(path, {}).status == 303
    after_first = portal.read(member_id)
    again = browser.post(path, {})
    assert (again.status, again.path) == (200, "/portal")
    assert again.says("Hello, Ada")
    assert portal.read(member_id) == after_first


def test_going_back_to_a_used_link_and_pressing_its_button_leads_home(portal: Portal) -> None:
    portal.member(name="Ada")
    path = portal.ask_for_link()
    browser = Browser()
    browser.open(path)
    browser.submit(path)
    browser.open(path)
    assert browser.submit(path).says("Hello, Ada")


def test_a_used_link_leads_nobody_else_into_the_pages(portal: Portal) -> None:
    portal.member("ada@example.com", name="Ada")
    portal.member("ben@example.com", name="Ben")
    path = portal.ask_for_link("ada@example.com")
    browser = Browser()
    browser.open(path)
    browser.submit(path)
    ben = portal.signed_in("ben@example.com")
    ben.open(path)
    assert ben.submit(path).status == 410
    assert ben.open("/portal").says("Hello, Ben")
    # And after signing out everywhere it leads to the sign-in page, as all pages do.
    before = Browser(cookie=browser.cookie)
    browser.submit("/portal/sign-out")
    assert before.post(path, {}).path == "/portal/sign-in"


def test_using_a_link_ends_those_that_were_mailed_before(portal: Portal) -> None:
    portal.member()
    old, new = portal.ask_for_link(), portal.ask_for_link()
    browser = Browser()
    browser.open(new)
    assert browser.submit(new).status == 200
    assert Browser().post(old, {}).status == 410


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (15, 410)])
def test_a_link_works_for_a_quarter_of_an_hour(portal: Portal, minutes: int, status: int) -> None:
    portal.member()
    path = portal.ask_for_link()
    portal.app.set_clock(NOW + timedelta(minutes=minutes))
    assert Browser().post(path, {}).status == status


def test_a_link_of_somebody_elses_making_signs_nobody_in(portal: Portal) -> None:
    portal.member()
    path = portal.ask_for_link()
    tampered = path[:-2] + ("AA" if path[-2:] != "AA" else "BB")
    assert Browser().post(tampered, {}).status == 410


@pytest.mark.parametrize("purpose", ["invitation", "unsubscribe", "session"])
def test_what_was_signed_for_something_else_signs_nobody_in(portal: Portal, purpose: str) -> None:
    member_id = portal.member()
    token = composition.link_signer().sign(
        purpose, member_id, issued_at=NOW, expires_at=NOW + timedelta(days=1)
    )
    assert Browser().post(f"/portal/sign-in/{token}", {}).status == 410
    assert Browser(cookie=f"__Host-session={token}").open("/portal").path == "/portal/sign-in"


def test_whoever_asks_reads_the_same_whoever_has_the_address(portal: Portal) -> None:
    portal.member("ada@example.com")
    prospect = call("members", "POST", "/v1/members", {"email": "eve@example.com"})
    assert prospect.status == 201
    pages = []
    for email in ("ada@example.com", "eve@example.com", "nobody@example.com", "no address", ""):
        browser = Browser()
        browser.open("/portal/sign-in")
        pages.append(browser.submit("/portal/sign-in", {"email": email}))
    assert {(page.status, page.path, page.text) for page in pages} == {
        (200, "/portal/sign-in", pages[0].text)
    }
    assert [mail.to for mail in portal.sender.sent] == ["ada@example.com"]


def test_three_mails_in_a_quarter_of_an_hour_are_enough(portal: Portal) -> None:
    portal.member()
    assert all(portal.ask_for_link() for _ in range(3))
    assert not portal.ask_for_link()
    portal.app.set_clock(NOW + timedelta(minutes=15))
    assert portal.ask_for_link()


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({"status": "active"}, True),
        ({"status": "inactive", "inactive_reason": "lapsed"}, True),
        ({"status": "inactive", "inactive_reason": "silent"}, False),
        ({"status": "prospect"}, False),
        ({"status": "invited"}, False),
        ({"status": "not_interested"}, False),
        ({"status": "left"}, False),
    ],
)
def test_the_portal_is_for_active_and_lapsed_members(
    portal: Portal, fields: dict[str, str], is_open: bool
) -> None:
    member_id = portal.member()
    browser = portal.signed_in()
    portal.change(member_id, **fields)
    assert (browser.open("/portal").path == "/portal") is is_open
    assert bool(portal.ask_for_link()) is is_open


def test_a_session_lasts_half_an_hour_after_the_last_page(portal: Portal) -> None:
    portal.member()
    browser = portal.signed_in()
    for minutes in (29, 58):
        portal.app.set_clock(NOW + timedelta(minutes=minutes))
        assert browser.open("/portal").path == "/portal"
    portal.app.set_clock(NOW + timedelta(minutes=58 + 30))
    assert browser.open("/portal").path == "/portal/sign-in"


def test_a_session_ends_after_twelve_hours_at_the_latest(portal: Portal) -> None:
    portal.member()
    browser = portal.signed_in()
    for minutes in range(25, 12 * 60, 25):
        portal.app.set_clock(NOW + timedelta(minutes=minutes))
        assert browser.open("/portal").path == "/portal"
    portal.app.set_clock(NOW + timedelta(hours=12))
    assert browser.open("/portal").path == "/portal/sign-in"


NOTHING_CHANGED = {
    "en": "You are not signed in any more. Nothing was changed.",
    "de": "Du bist nicht mehr angemeldet. Es wurde nichts geändert.",
}


@pytest.mark.parametrize("language", NOTHING_CHANGED)
@pytest.mark.parametrize("name", ["Grace", "<no name>"])
def test_a_form_that_comes_too_late_is_not_taken_for_saved(
    portal: Portal, name: str, language: str
) -> None:
    member_id = portal.member(name="Ada")
    browser = portal.signed_in()
    browser.open("/portal/account")
    portal.app.set_clock(NOW + timedelta(minutes=31))
    browser.language = language
    page = browser.submit("/portal/account/person", {"name": name, "address": "1 High Street"})
    assert (page.path, browser.cookie) == ("/portal/sign-in", "")
    assert page.says(NOTHING_CHANGED[language])
    assert 'role="status"' in page.text
    assert portal.read(member_id).name == "Ada"
    assert not browser.open("/portal/sign-in").says(NOTHING_CHANGED[language])


def test_a_form_after_signing_out_elsewhere_changes_nothing_either(portal: Portal) -> None:
    portal.member()
    phone, desk = portal.signed_in(), portal.signed_in()
    desk.open("/portal/account")
    phone.submit("/portal/sign-out")
    page = desk.submit("/portal/account/language", {"language": "de"})
    assert page.path == "/portal/sign-in"
    assert page.says(NOTHING_CHANGED["en"])


def test_signing_out_ends_the_sessions_on_all_devices(portal: Portal) -> None:
    portal.member()
    phone, desk = portal.signed_in(), portal.signed_in()
    stolen = Browser(cookie=phone.cookie)
    page = phone.submit("/portal/sign-out")
    assert page.says("You are signed out")
    assert not phone.cookie
    for browser in (stolen, desk):
        assert browser.open("/portal").path == "/portal/sign-in"
    assert portal.signed_in().page.path == "/portal"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(portal: Portal) -> None:
    portal.member()
    path = portal.ask_for_link()
    answer = Browser().ask("POST", path, headers={"sec-fetch-site": "same-origin"})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_on_the_laptop_the_cookie_works_without_tls(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:4566")
    portal.member()
    answer = Browser().open("/portal/sign-in")
    assert answer.status == 200
    browser = Browser()
    browser.open("/portal/sign-in")
    browser.submit("/portal/sign-in", {"email": "ada@example.com"})
    url = next(word for word in portal.sender.sent[-1].text.split() if word.startswith("http"))
    path = url.removeprefix("http://127.0.0.1:4566")
    answer = browser.ask("POST", path, headers={"sec-fetch-site": "same-origin"})
    assert answer.headers["Set-Cookie"].startswith("session=")
    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("failure", [EmailRefused("ada@example.com"), EmailInDoubt()])
def test_a_mail_that_fails_does_not_tell_that_there_is_a_member(
    portal: Portal, failure: EmailRefused | EmailInDoubt, caplog: pytest.LogCaptureFixture
) -> None:
    portal.member()
    portal.sender.failures = [failure]
    pages = [
        Browser().post("/portal/sign-in", {"email": email})
        for email in ("ada@example.com", "nobody@example.com")
    ]
    assert [page.status for page in pages] == [200, 200]
    assert pages[0].text == pages[1].text
    assert "sign-in link not mailed" in caplog.text
    assert "ada@example.com" not in caplog.text


def test_ten_mails_a_day_are_enough(portal: Portal) -> None:
    portal.member()
    sent = 0
    for quarter in range(8):
        portal.app.set_clock(NOW + timedelta(minutes=15 * quarter))
        sent += sum(bool(portal.ask_for_link()) for _ in range(4))
    assert sent == 10
    portal.app.set_clock(NOW + timedelta(days=1))
    assert portal.ask_for_link()
