"""Mails: complete, escaped, and with nothing that runs or loads."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from loyalty.adapters.rendering import JinjaRenderer
from loyalty.contracts.program import TextSet
from loyalty.services.ports import Email

RENDERER = JinjaRenderer()
ANSWER = "https://elite.example/v1/invitations/abc.def"
UNSUBSCRIBE = "https://elite.example/v1/unsubscribe/abc.def"
SETS = get_args(TextSet)
MARKETING = [
    *(f"{name}/invite" for name in SETS),
    *(f"{name}/reminder" for name in SETS),
    "outreach",
]
GOLD = {
    "tier": "Gold",
    "multiplier": Decimal("1.250"),
    "benefits": ("Free alterations", "<i>More</i>"),
    "voucher_valid_days": 60,
}
STATEMENT = {
    "month": date(2017, 3, 1),
    "earned": 60,
    "figures": SimpleNamespace(
        points_available=120,
        points_pending=60,
        obtainable=(SimpleNamespace(name="<b>Mug</b>", points=50),),
        cheapest_reward=SimpleNamespace(name="Trip", missing=380),
        is_top=True,
    ),
    "tier": "Silver",
    "next_tier": "Gold",
    "tier_missing": "400.00 EUR",
    "saved": "12.50 EUR",
}
TEN_PERCENT = {"worth": "10 % off", "code": "ABCD-EFGH", "last_day": date(2017, 5, 1)}
SERVICE: dict[str, dict[str, Any]] = {
    "welcome": {"portal_url": "https://elite.example/portal"},
    "sign_in": {"url": "https://elite.example/portal/sign-in/abc.def"},
    "tier_upgrade": GOLD,
    "statement": STATEMENT,
    "voucher_reminder": {"vouchers": [TEN_PERCENT], "shows_codes": True},
}
PORTAL = "https://elite.example/portal"
WIN_BACK: dict[str, dict[str, Any]] = {"win_back": {"portal_url": PORTAL}}
ALL = [*MARKETING, *SERVICE, *WIN_BACK]


def mail(template: str, name: str | None = "Ann", **facts: Any) -> Email:
    context: dict[str, Any] = {"name": name, "unsubscribe_url": UNSUBSCRIBE}
    context |= SERVICE.get(template, {}) | WIN_BACK.get(template, {}) | facts
    if template in MARKETING:
        context |= {
            "accept_url": ANSWER,
            "decline_url": f"{ANSWER}?answer=decline",
            "valid_until": date(2017, 5, 1),
        }
    return RENDERER.email(template, to="ann@example.com", context=context, headers={}, tags={})


@pytest.mark.parametrize("template", MARKETING)
def test_marketing_mails_have_all_links_as_text_and_html(template: str) -> None:
    sent = mail(template)
    for body in (sent.text, sent.html):
        assert ANSWER in body
        assert f"{ANSWER}?answer=decline" in body
        assert UNSUBSCRIBE in body
        assert "01 May 2017" in body
    assert sent.subject
    assert "\n" not in sent.subject


def test_the_win_back_mail_leads_to_the_portal_and_can_be_unsubscribed_from() -> None:
    sent = mail("win_back")
    for body in (sent.text, sent.html):
        assert PORTAL in body
        assert UNSUBSCRIBE in body
    assert sent.subject == "Your Elite offers are waiting"


@pytest.mark.parametrize("template", ALL)
def test_a_name_is_escaped_in_html_and_may_be_missing(template: str) -> None:
    assert "<script>" not in mail(template, "<script>alert(1)</script>").html
    assert "None" not in mail(template, None).text + mail(template, None).html


@pytest.mark.parametrize("template", ALL)
def test_mails_load_nothing(template: str) -> None:
    html = mail(template).html
    assert html.startswith("<!doctype html>")
    assert not re.search(r"<(script|img|link|iframe)|url\(|javascript:", html)


def test_a_new_tier_is_told_with_all_that_it_brings() -> None:
    sent = mail("tier_upgrade")
    assert sent.subject == "You have reached Gold"
    for body in (sent.text, sent.html):
        assert "1.25 times the points" in body
        assert "Free alterations" in body
        assert "valid for 60 days" in body
    assert "&lt;i&gt;More&lt;/i&gt;" in sent.html


def test_a_tier_without_extras_is_told_in_few_words() -> None:
    sent = mail("tier_upgrade", multiplier=1, benefits=(), voucher_valid_days=None)
    for body in (sent.text, sent.html):
        assert "Gold" in body
        assert not re.search(r"times the points|What it brings|voucher", body)


def test_a_statement_has_all_its_figures() -> None:
    sent = mail("statement")
    assert sent.subject == "Your Elite statement for March 2017"
    for body in (sent.text, sent.html):
        for figure in ("120", "60", "400.00 EUR", "12.50 EUR", "380 points", "Gold", "Trip", "top"):
            assert figure in body
    assert "&lt;b&gt;Mug&lt;/b&gt;" in sent.html


def test_a_statement_says_nothing_of_what_is_not_there() -> None:
    nothing = SimpleNamespace(
        points_available=0, points_pending=0, obtainable=(), cheapest_reward=None, is_top=False
    )
    sent = mail("statement", figures=nothing, saved=None, tier=None, next_tier=None)
    for body in (sent.text, sent.html):
        assert "None" not in body
        assert not re.search(r"Saved|Next within|On their way|more are|top customers", body)


def test_a_reminder_names_each_voucher_with_its_code_and_last_day() -> None:
    sent = mail("voucher_reminder")
    assert sent.subject == "Your voucher is valid until 1 May"
    for body in (sent.text, sent.html):
        for part in ("10 % off", "ABCD-EFGH", "1 May 2017"):
            assert part in body
    two = mail("voucher_reminder", vouchers=[TEN_PERCENT, TEN_PERCENT])
    assert two.subject == "Your vouchers will soon be over"
    assert two.text.count("ABCD-EFGH") == 2


def test_a_reminder_without_codes_says_how_to_get_them() -> None:
    without = TEN_PERCENT | {"code": None}
    sent = mail("voucher_reminder", vouchers=[without], shows_codes=False)
    for body in (sent.text, sent.html):
        assert "10 % off" in body
        assert "Ask for it at the till" in body
        assert "Code:" not in body
        assert "None" not in body


def test_a_line_break_in_a_value_begins_no_header() -> None:
    renderer = JinjaRenderer()
    renderer._environment.loader = _templates(
        {"mail/x.subject.txt": "Hi {{ name }}", "mail/x.txt": "", "mail/x.html": ""}
    )
    sent = renderer.email(
        "x", to="a@example.com", context={"name": "A\r\nBcc: b"}, headers={}, tags={}
    )
    assert sent.subject == "Hi A Bcc: b"


def _templates(texts: dict[str, str]) -> Any:
    from jinja2 import DictLoader

    return DictLoader(texts)


@pytest.mark.parametrize(
    ("template", "context", "text"),
    [
        (
            "points",
            {"points": 51, "available": 120, "pending": 51},
            "Elite: 51 points for you. 120 to spend now, 51 more on their way.",
        ),
        (
            "points",
            {"points": 1, "available": 1, "pending": 0},
            "Elite: 1 point for you. 1 to spend now.",
        ),
        (
            "more_points",
            {"points": 50, "day": date(2017, 3, 1), "available": 101, "pending": 0},
            "Elite: 50 more points for you on 1 March. 101 to spend now.",
        ),
    ],
)
def test_text_messages_are_one_short_line(
    template: str, context: dict[str, Any], text: str
) -> None:
    sms = RENDERER.sms(template, to="+4915112345678", context=context)
    assert sms.text == text
    assert sms.text.isascii()
    assert len(sms.text) <= 160
