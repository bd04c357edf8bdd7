"""What members tell us in the portal, and how they leave it."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from loyalty.domain.offers import MemberOffer, Reason
from loyalty.runtime import composition
from loyalty.services.due_points import work_through_shard
from loyalty.services.ports import DUE_SHARDS
from tests.support.browser import Browser
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.portal_app import Portal


@pytest.fixture
def ada(portal: Portal) -> str:
    return portal.member(name="Ada")


@pytest.fixture
def browser(portal: Portal, ada: str) -> Browser:
    return portal.signed_in()


# ── Account ───────────────────────────────────────────────────────────────────────────────────────


def messages_form(browser: Browser) -> dict[str, str]:
    """Open the account page and return what its form of boxes would send as it is."""
    text = browser.open("/portal/account").text
    return dict.fromkeys(re.findall(r'type="checkbox" name="(\w+)" checked', text), "on")


def test_a_stale_page_takes_back_no_opt_out(portal: Portal, ada: str, browser: Browser) -> None:
    stale = messages_form(browser)
    assert {"email", "profiling"} <= set(stale)
    elsewhere = portal.signed_in()
    boxes = messages_form(elsewhere)
    kept = {name: on for name, on in boxes.items() if name not in {"email", "profiling"}}
    elsewhere.submit("/portal/account/messages", kept)
    opted_out = portal.read(ada)
    assert browser.submit("/portal/account/messages", {**stale, "statement": "on"}).says("Saved.")
    member = portal.read(ada)
    assert member.consents == opted_out.consents
    assert member.preferences == {**opted_out.preferences, "statement": True}
    assert member.preferences["profiling"] is False


def test_boxes_left_as_they_were_change_nothing(portal: Portal, ada: str, browser: Browser) -> None:
    before = portal.read(ada)
    assert browser.submit("/portal/account/messages", messages_form(browser)).says("Saved.")
    assert portal.read(ada) == before


def test_a_box_that_is_unticked_is_an_opt_out_and_the_others_say_nothing(
    portal: Portal, ada: str, browser: Browser
) -> None:
    browser.open("/portal/account")
    ticked = dict.fromkeys(("sms", "push", "tier_mail", "statement", "profiling"), "on")
    assert browser.submit("/portal/account/messages", ticked).says("Saved.")
    member = portal.read(ada)
    [(channel, consent)] = member.consents.items()
    assert (channel, consent.granted, consent.source) == ("email", False, "portal")
    assert consent.wording_version == "portal-1"
    assert member.preferences == {
        "points_sms": False,
        "statement": True,
        "voucher_reminder": False,
    }
    page = browser.open("/portal/account")
    assert 'name="email"><span>By e-mail' in page.text
    assert 'name="sms" checked><span>By text' in page.text


def test_name_and_address_are_kept_as_they_were_written(
    portal: Portal, ada: str, browser: Browser
) -> None:
    browser.open("/portal/account")
    written = {"name": "  عائشة بنت أحمد ", "address": "1 High Street\r\nTown"}
    assert browser.submit("/portal/account/person", written).says("Saved.")
    member = portal.read(ada)
    assert (member.name, member.address) == ("عائشة بنت أحمد", "1 High Street\nTown")
    browser.submit("/portal/account/person", {"name": "", "address": ""})
    member = portal.read(ada)
    assert (member.name, member.address) == (None, None)


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "<b>x</b>", "200 characters at most, and without < > { } \\ ; : ="),
        ("name", "x" * 201, "200 characters at most"),
        ("address", "Lane {1}", "400 characters at most, and without < > { } \\ ; ="),
    ],
)
def test_what_is_refused_stays_in_its_field_with_what_is_wrong(
    portal: Portal, ada: str, browser: Browser, field: str, typed: str, words: str
) -> None:
    browser.open("/portal/account")
    fields = {"name": "Grace", "address": "1 High Street", field: typed}
    page = browser.submit("/portal/account/person", fields)
    assert page.status == 422
    assert page.says("Please look at what is marked below.")
    assert page.says(words)
    assert page.text.count('aria-invalid="true"') == 1
    assert f'aria-describedby="{field}-fault"' in page.text
    for written in fields.values():
        assert html.escape(written) in page.text
    assert portal.read(ada).name == "Ada"
    assert browser.submit("/portal/account/person", {**fields, field: "Right"}).says("Saved.")


def test_a_faulty_form_of_a_session_that_is_over_begins_anew(
    portal: Portal, ada: str, browser: Browser
) -> None:
    browser.open("/portal/account")
    token = csrf_on(browser)
    before = browser.cookie
    browser.submit("/portal/sign-out")
    stale = Browser(cookie=before)
    page = stale.post("/portal/account/person", {"name": "<b>", "address": "", "csrf": token})
    assert page.path == "/portal/sign-in"


def test_an_address_that_is_too_long_stays_in_its_field(portal: Portal) -> None:
    browser = Browser(language="de")
    browser.open("/portal/sign-in")
    page = browser.submit("/portal/sign-in", {"email": "a" * 301})
    assert page.status == 422
    assert page.says("Bitte schreibe eine Adresse, zum Beispiel name@example.com.")
    assert f'value="{"a" * 301}" aria-invalid="true"' in page.text


def csrf_on(browser: Browser) -> str:
    return browser.page.text.split('name="csrf" value="')[1].split('"')[0]


def test_the_chosen_language_goes_before_the_browsers(
    portal: Portal, ada: str, browser: Browser
) -> None:
    browser.open("/portal/account")
    page = browser.submit("/portal/account/language", {"language": "de"})
    assert page.says("Gespeichert.")
    assert '<html lang="de">' in page.text
    assert browser.post("/portal/account/language", {"language": "xx"}).status == 403


def test_the_data_come_as_a_file_with_reasons(portal: Portal, ada: str, browser: Browser) -> None:
    portal.offer()
    offers = (MemberOffer("tea", Reason("bought_before", "tea", times=4), curated_at=NOW),)
    portal.change(ada, offers=offers, variant="standard")
    portal.sell(ada)
    code = portal.voucher(ada)
    portal.take_back()
    portal.points(ada, 20_000, status=202)
    answer = browser.ask("GET", "/portal/account/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="elite.json"'
    data = json.loads(answer.text)
    assert data["profile"]["name"] == "Ada"
    assert data["profile"]["offers"][0]["reason"]["kind"] == "bought_before"
    assert data["points"][0]["business_key"] == "order/pos/O-1"
    assert data["orders"][0]["key"] == {"source": "pos", "order_id": "O-1"}
    assert data["vouchers"][0]["code"] == code
    assert data["returns"][0]["return_id"] == "R-1"
    assert data["tasks"][0]["kind"] == "adjustment_approval"
    assert data["messages"][0]["kind"] == "sign_in"
    assert data["journey"][-1]["event"] == "MemberEnrolled"
    assert "standard" not in answer.text


# ── Leaving ───────────────────────────────────────────────────────────────────────────────────────


def leave(browser: Browser) -> Any:
    browser.open("/portal/account/leave")
    return browser.submit("/portal/account/leave", {"sure": "on"})


def forfeit(portal: Portal, after: timedelta) -> None:
    portal.app.set_clock(NOW + after)
    for shard in range(DUE_SHARDS):
        work_through_shard("forfeiture", shard, NOW + after, **composition.due_ports())


def test_leaving_takes_a_tick(portal: Portal, ada: str, browser: Browser) -> None:
    browser.open("/portal/account/leave")
    page = browser.submit("/portal/account/leave")
    assert page.status == 422
    assert page.says("Please tick the box if you want to leave.")
    assert 'action="/portal/account/leave"' in page.text
    assert portal.read(ada).status == "active"


def test_who_leaves_is_no_member_and_loses_the_vouchers(
    portal: Portal, ada: str, browser: Browser
) -> None:
    code = portal.voucher(ada)
    page = leave(browser)
    assert page.says("You have left Elite.")
    assert not browser.cookie
    assert portal.read(ada).status == "left"
    assert call("members", "GET", f"/v1/members/{ada}").status == 404
    voucher = call("vouchers", "GET", f"/v1/vouchers/{code}")
    assert voucher.body["state"] == "cancelled"


@pytest.mark.parametrize(("days", "points"), [(29, 300), (30, 0)])
def test_points_are_forfeited_after_thirty_days(
    portal: Portal, ada: str, browser: Browser, days: int, points: int
) -> None:
    portal.points(ada, 300)
    portal.sell(ada)
    leave(browser)
    for _ in range(2):
        forfeit(portal, timedelta(days=days))
    account = portal.read(ada).account
    assert account.points_available == points
    assert account.points_pending == (10 if points else 0)


def test_who_comes_back_in_time_finds_the_points(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.points(ada, 300)
    leave(browser)
    portal.app.set_clock(NOW + timedelta(days=29))
    again = call("members", "POST", "/v1/members", {"email": "ada@example.com"})
    assert (again.status, again.body["member_id"]) == (201, ada)
    assert (again.body["status"], again.body["points_available"]) == ("prospect", 300)
    forfeit(portal, timedelta(days=31))
    assert portal.read(ada).account.points_available == 300


def test_who_left_earns_nothing_any_more(portal: Portal, ada: str, browser: Browser) -> None:
    leave(browser)
    body = {
        "source": "pos",
        "order_id": "O-9",
        "occurred_at": "2017-03-15T12:00:00Z",
        "customer": {"email": "ada@example.com"},
        "total": {"amount_minor": 10_000, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 1, "amount_minor": 10_000}],
    }
    sold = call("orders", "POST", "/v1/orders", body)
    assert (sold.status, sold.body["points_earned"]) == (201, 0)
