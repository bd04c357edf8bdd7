"""What members see and do in the portal."""

from __future__ import annotations

import json
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


# ── Home and history ──────────────────────────────────────────────────────────────────────────────


def test_home_shows_points_and_what_they_are_worth(
    portal: Portal, ada: str, browser: Browser
) -> None:
    five = {"kind": "amount", "amount": {"amount_minor": 500, "currency": "EUR"}}
    portal.reward("five", kind="voucher", points=100, voucher=five)
    portal.points(ada, 250)
    page = browser.open("/portal")
    assert page.says("250 points to spend · worth up to €12.50 in vouchers")
    assert page.says("Yours now")


def test_home_shows_the_way_to_the_next_tier(portal: Portal, ada: str, browser: Browser) -> None:
    portal.sell(ada, amount_minor=20_000)
    page = browser.open("/portal")
    assert page.says("Your way to Gold")
    view = call("members", "GET", f"/v1/members/{ada}").body
    missing = view["progress"]["missing"]
    assert page.says(f"€{missing / 100:,.2f} to go")
    assert f'value="20000" max="{20_000 + missing}"' in page.text


def test_home_shows_a_new_member_what_to_do(browser: Browser) -> None:
    assert browser.open("/portal").says("Nothing yet.")


def test_history_is_told_in_plain_words(portal: Portal, ada: str, browser: Browser) -> None:
    portal.sell(ada)
    returned = {"return_id": "R-1", "occurred_at": "2017-03-15T12:00:00Z"}
    goods = {**returned, "lines": [{"sku": "milk", "quantity": 1}]}
    assert call("orders", "POST", "/v1/orders/pos/O-1/returns", goods).status == 201
    portal.points(ada, 300)
    portal.reward()
    browser.open("/portal/rewards/mug")
    browser.submit("/portal/rewards/mug", {"version": "1"})
    page = browser.open("/portal/history")
    for line in (
        "order of 15 March 2017 +10",
        "goods returned on 15 March 2017 −10",
        "corrected by our service on 15 March 2017 +300",
        "reward: A mug, 15 March 2017 −100",
    ):
        assert page.says(line), line


def test_history_goes_on_over_pages(portal: Portal, ada: str, browser: Browser) -> None:
    for number in range(25):
        portal.points(ada, number + 1, f"A-{number}")
    first = browser.open("/portal/history")
    assert (first.says("+25"), first.says("+6"), first.says("+5")) == (True, True, False)
    following = first.text.split('href="/portal/history?')[1].split('"')[0]
    second = browser.open(f"/portal/history?{following}")
    assert (second.says("+5"), second.says("+1 "), second.says("+6")) == (True, True, False)
    assert "/portal/history?" not in second.text


# ── Rewards and vouchers ──────────────────────────────────────────────────────────────────────────


def redeem(browser: Browser, reward_id: str = "mug") -> Any:
    page = browser.open(f"/portal/rewards/{reward_id}")
    version = page.text.split('name="version" value="')[1].split('"')[0]
    return browser.submit(f"/portal/rewards/{reward_id}", {"version": version})


def test_a_reward_is_had_for_points(portal: Portal, ada: str, browser: Browser) -> None:
    portal.reward()
    portal.points(ada, 150)
    page = redeem(browser)
    assert page.says("It is yours. Enjoy it.")
    assert page.says("You have 50 points to spend.")


def test_a_form_that_is_sent_twice_counts_once(portal: Portal, ada: str, browser: Browser) -> None:
    portal.reward()
    portal.points(ada, 350)
    page = browser.open("/portal/rewards/mug")
    fields = {
        name: page.text.split(f'name="{name}" value="')[1].split('"')[0]
        for name in ("csrf", "version")
    }
    for _ in range(2):
        assert browser.post("/portal/rewards/mug", fields).says("It is yours")
    assert browser.page.says("You have 250 points to spend.")
    redeem(browser)
    assert browser.page.says("You have 150 points to spend.")


def test_what_is_out_of_reach_has_no_button(portal: Portal, ada: str, browser: Browser) -> None:
    portal.reward("mug", points=100)
    portal.reward("trip", name="A trip", points=500)
    portal.reward("cup", name="A cup", points=10, stock=0)
    portal.points(ada, 150)
    page = browser.open("/portal/rewards")
    assert page.says("350 points to go")
    assert page.says("Gone for now")
    for reward_id, has_form in (("mug", True), ("trip", False), ("cup", False)):
        shown = browser.open(f"/portal/rewards/{reward_id}")
        assert (f'action="/portal/rewards/{reward_id}"' in shown.text) is has_form
    assert browser.open("/portal/rewards/no-such").status == 404


def test_what_is_refused_after_all_is_said_and_nothing_is_lost(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.reward(points=100, stock=1)
    portal.points(ada, 150)
    browser.open("/portal/rewards/mug")
    change = call("rewards", "PATCH", "/v1/rewards/mug", {"stock": 0}, roles="manager")
    assert change.status == 200
    page = browser.submit("/portal/rewards/mug", {"version": "1"})
    assert page.status == 409
    assert page.says("Nothing was changed.")
    assert browser.open("/portal").says("150 points to spend")


def test_a_reward_for_a_voucher_leads_to_the_voucher(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.reward("ten", kind="voucher", voucher={"kind": "percent", "percent": 10})
    portal.points(ada, 100)
    page = redeem(browser, "ten")
    assert page.path == "/portal/vouchers"
    assert page.says("10% off")


def test_a_voucher_is_shown_with_codes_that_tills_read(
    portal: Portal, ada: str, browser: Browser
) -> None:
    code = portal.voucher(ada)
    page = browser.open("/portal/vouchers")
    assert page.says(code)
    assert page.says("until 1 June 2017")
    assert 'alt="QR code of this voucher"' in page.text
    assert 'alt="Barcode of this voucher"' in page.text


def test_a_voucher_that_is_over_shows_no_code(portal: Portal, ada: str, browser: Browser) -> None:
    used, spent = portal.voucher(ada, "V-1"), portal.voucher(ada, "V-2")
    path = f"/v1/vouchers/{used}/redemptions"
    assert call("vouchers", "POST", path, {"redemption_id": "U", "order_id": "O"}).status == 201
    portal.app.set_clock(NOW + timedelta(days=100))
    browser = portal.signed_in()
    page = browser.open("/portal/vouchers")
    assert (page.says("used"), page.says("expired on 1 June 2017")) == (True, True)
    assert not page.says(used)
    assert not page.says(spent)
    assert "<img class=" not in page.text


# ── Offers ────────────────────────────────────────────────────────────────────────────────────────


def test_an_offer_is_activated_with_one_tap_and_back(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.offer()
    page = browser.open("/portal/offers")
    assert (page.says("20% off"), page.says("Tea week")) == (True, True)
    page = browser.submit("/portal/offers/tea/activation")
    assert page.says("Activated.")
    assert portal.read(ada).offers[0].activated_at == NOW
    page = browser.submit("/portal/offers/tea/deactivation")
    assert page.says("no longer activated")
    assert not portal.read(ada).offers


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("bought_before", "tea", times=4), "Because you like to buy tea"),
        (Reason("bought_together", "tea", because="biscuits"), "Goes well with biscuits"),
        (Reason("popular"), "Popular with members"),
        (Reason("new_to_you", "tea"), "Something new for you"),
    ],
)
def test_an_offer_says_why_it_was_chosen(
    portal: Portal, ada: str, browser: Browser, reason: Reason, words: str
) -> None:
    portal.offer()
    portal.change(ada, offers=(MemberOffer("tea", reason, curated_at=NOW),))
    assert browser.open("/portal/offers").says(words)


def test_without_offers_the_page_says_so(browser: Browser) -> None:
    assert browser.open("/portal/offers").says("No offers at the moment.")


# ── Account ───────────────────────────────────────────────────────────────────────────────────────


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
        "tier_mail": True,
        "statement": True,
        "voucher_reminder": False,
        "profiling": True,
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


def test_what_is_no_name_is_refused(portal: Portal, ada: str, browser: Browser) -> None:
    browser.open("/portal/account")
    page = browser.submit("/portal/account/person", {"name": "<b>x</b>", "address": ""})
    assert page.status == 422
    assert portal.read(ada).name == "Ada"


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
    assert browser.submit("/portal/account/leave").status == 422
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
