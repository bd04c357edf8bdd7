"""What members see and do in the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import web.portal
from loyalty.domain.errors import DomainError, InsufficientPoints, MemberBusy, SwitchedOff
from loyalty.domain.offer_errors import (
    OfferIsOver,
    OfferLimitReached,
    OfferNotForMember,
    OfferNotYetValid,
    OfferUsedUp,
    TooManyOffersActivated,
)
from loyalty.domain.offers import MemberOffer, Reason
from loyalty.domain.reward_errors import OutOfStock, RewardNotAvailable
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
    redeem(browser)
    page = browser.open("/portal/history")
    for line in (
        "order of 15 March 2017 +10",
        "goods returned on 15 March 2017 −10",
        "corrected by our service on 15 March 2017 +300",
        "reward: A mug, 15 March 2017 −100",
    ):
        assert page.says(line), line


def test_points_expire_with_the_last_day_of_a_month(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.points(ada, 300)
    assert browser.open("/portal").says("300 points, at the end of 31 March 2018")
    [lot] = portal.read(ada).account.lots
    portal.app.set_clock(lot.expires_at)
    for shard in range(DUE_SHARDS):
        work_through_shard("expiry", shard, lot.expires_at, **composition.due_ports())
    assert portal.signed_in().open("/portal/history").says("expired on 31 March 2018 −300")


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
    browser.open(f"/portal/rewards/{reward_id}")
    return browser.submit(f"/portal/rewards/{reward_id}")


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
        for name in ("csrf", "version", "points")
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
    page = browser.submit("/portal/rewards/mug")
    assert page.status == 409
    assert page.says("Nothing was changed. Others were faster")
    assert browser.open("/portal").says("150 points to spend")


@pytest.mark.parametrize("points", [99, 101])
def test_a_reward_takes_what_its_button_says_or_nothing(
    portal: Portal, ada: str, browser: Browser, points: int
) -> None:
    portal.reward(points=100)
    portal.points(ada, 150)
    browser.open("/portal/rewards/mug")
    change = call("rewards", "PATCH", "/v1/rewards/mug", {"points": points}, roles="manager")
    assert change.status == 200
    page = browser.submit("/portal/rewards/mug")
    assert page.status == 409
    assert page.says("The price has changed")
    assert page.says(f"Get it for {points} points")
    assert browser.submit("/portal/rewards/mug").says(f"You have {150 - points} points to spend.")


def test_who_can_no_longer_afford_the_new_price_reads_it(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.reward(points=100)
    portal.points(ada, 150)
    browser.open("/portal/rewards/mug")
    call("rewards", "PATCH", "/v1/rewards/mug", {"points": 175}, roles="manager")
    page = browser.submit("/portal/rewards/mug")
    assert (page.status, page.says("25 points to go")) == (409, True)
    assert browser.open("/portal").says("150 points to spend")


def test_a_gift_asks_for_the_address_first(portal: Portal, ada: str, browser: Browser) -> None:
    portal.reward("bag", kind="gift", name="A bag", sku="BAG")
    portal.points(ada, 150)
    page = browser.open("/portal/rewards/bag")
    assert page.says("please add it to your account first")
    assert 'action="/portal/rewards/bag"' not in page.text
    assert 'href="/portal/account#address"' in page.text
    assert 'id="address"' in browser.open("/portal/account").text
    browser.submit("/portal/account/person", {"name": "Ada", "address": "1 High Street"})
    assert redeem(browser, "bag").says("You have 50 points to spend.")


def test_a_page_from_before_the_address_went_sends_no_gift(
    portal: Portal, ada: str, browser: Browser
) -> None:
    portal.reward("bag", kind="gift", name="A bag", sku="BAG")
    portal.reward("mug")
    portal.points(ada, 150)
    portal.change(ada, address="1 High Street")
    browser.open("/portal/rewards/bag")
    portal.change(ada, address=None)
    page = browser.submit("/portal/rewards/bag")
    assert page.status == 409
    assert page.says("Nothing was changed. We do not know where to send it")
    assert 'href="/portal/account#address"' in page.text
    assert browser.open("/portal").says("150 points to spend")
    # What waits in the store needs no address.
    assert redeem(browser, "mug").says("You have 50 points to spend.")


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
    # It is over at the midnight with which June begins.
    assert page.says("until 31 May 2017")
    assert page.says("Show the code : 10% off, 31 May 2017")
    assert 'alt="QR code of this voucher"' in page.text
    assert 'alt="Barcode of this voucher"' in page.text


def test_a_voucher_that_is_over_shows_no_code(portal: Portal, ada: str, browser: Browser) -> None:
    used, spent = portal.voucher(ada, "V-1"), portal.voucher(ada, "V-2")
    path = f"/v1/vouchers/{used}/redemptions"
    assert call("vouchers", "POST", path, {"redemption_id": "U", "order_id": "O"}).status == 201
    portal.app.set_clock(NOW + timedelta(days=100))
    browser = portal.signed_in()
    page = browser.open("/portal/vouchers")
    assert (page.says("used"), page.says("expired on 31 May 2017")) == (True, True)
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
    assert page.says("until 31 March 2017")
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


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (
            Reason("bought_before", "1082185", times=4),
            "Because you bought this before",
            "Weil du das schon gekauft hast",
        ),
        (
            Reason("bought_together", "1082185", because="981760"),
            "Goes well with what you buy",
            "Passt gut zu dem, was du kaufst",
        ),
    ],
)
def test_the_reason_of_an_offer_for_an_article_tells_no_numbers(
    portal: Portal, ada: str, browser: Browser, reason: Reason, english: str, german: str
) -> None:
    portal.offer(kind="product", percent=None, sku="1082185")
    portal.change(ada, offers=(MemberOffer("tea", reason, curated_at=NOW),))
    for browser.language, words in (("en", english), ("de", german)):
        page = browser.open("/portal/offers")
        assert page.says(words)
        assert "1082185" not in page.text
        assert "981760" not in page.text


def test_without_offers_the_page_says_so(browser: Browser) -> None:
    assert browser.open("/portal/offers").says("No offers at the moment.")


# ── Refusals ──────────────────────────────────────────────────────────────────────────────────────

REFUSALS = {
    OfferUsedUp: "the offer has been used as often as there is of it",
    OfferLimitReached: "You have used this offer as often as one may.",
    TooManyOffersActivated: "Undo one of them first.",
    OfferIsOver: "This offer is over.",
    OfferNotYetValid: "This offer has not begun yet.",
    OfferNotForMember: "This offer is not for you any more.",
    OutOfStock: "there is none of this reward left",
    InsufficientPoints: "You do not have enough points for it.",
    RewardNotAvailable: "This reward is not to be had any more",
    SwitchedOff: "The program does not offer this at present.",
    MemberBusy: "Please try again in a moment.",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_why(
    browser: Browser, refusal: type[DomainError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise refusal("x")

    monkeypatch.setattr(web.portal, "activate_offer", refuse)
    token = browser.page.text.split('name="csrf" value="')[1].split('"')[0]
    page = browser.post("/portal/offers/tea/activation", {"csrf": token})
    assert page.status in {409, 503}
    assert page.says("Nothing was changed.")
    assert page.says(REFUSALS[refusal])
    assert page.says("Please try again") is (refusal is MemberBusy)
