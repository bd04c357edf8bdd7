"""Text messages on points, preferences and statements, on the deployed program."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.program import DAY, Program

pytestmark = pytest.mark.system


def member_with(program: Program, **identities: str) -> str:
    """Enrol somebody at the till."""
    return str(program.post("/v1/members", identities)["member_id"])


def a_phone(program: Program) -> str:
    return f"+49151{program.number():08}"


def buys(program: Program, amount_minor: int, **customer: str) -> str:
    """Post an order, let everything happen that comes of it; return the order's id."""
    order = program.an_order(dict(customer), amount_minor)
    program.post("/v1/orders", order)
    program.settle()
    return str(order["order_id"])


def texts(program: Program, phone: str) -> list[str]:
    """Return the text messages that a phone got, oldest first."""
    found: list[dict[str, Any]] = program.cloud.get(f"/_local/mail?format=json&to={quote(phone)}")[
        "items"
    ]
    assert all(message["channel"] == "sms" for message in found)
    return [message["text"] for message in reversed(found)]


def test_an_order_of_a_member_with_a_phone_leads_to_one_text(program: Program) -> None:
    phone = a_phone(program)
    member_with(program, phone=phone)
    order = program.an_order({"phone": phone}, 20_000)
    for _ in range(2):
        program.post("/v1/orders", order)
        program.settle()
    assert texts(program, phone) == [
        "Elite: 20 points for you. 0 to spend now, 20 more on their way."
    ]


def test_more_orders_of_the_day_are_told_together_next_morning(program: Program) -> None:
    phone = a_phone(program)
    member_with(program, phone=phone)
    day = program.now
    for amount_minor in (20_000, 5_000, 7_000):
        buys(program, amount_minor, phone=phone)
    assert len(texts(program, phone)) == 1
    program.advance(DAY)
    told = f"Elite: 12 more points for you on {day.day} {day:%B}."
    assert [text[: len(told)] for text in texts(program, phone)[1:]] == [told]
    program.advance(DAY)
    assert len(texts(program, phone)) == 2


def test_who_switched_them_off_gets_none(program: Program) -> None:
    phone = a_phone(program)
    member_id = member_with(program, phone=phone)
    profile = program.put(f"/v1/members/{member_id}/preferences", {"points_sms": False})
    assert profile["preferences"]["points_sms"] is False
    buys(program, 20_000, phone=phone)
    assert texts(program, phone) == []
    assert "PreferenceChanged" in [
        step["event"] for step in program.get(f"/v1/members/{member_id}/journey")["items"]
    ]


def test_a_profile_says_how_far_a_member_is(program: Program) -> None:
    phone = a_phone(program)
    member_id = member_with(program, phone=phone)
    buys(program, 20_000, phone=phone)
    profile = program.get(f"/v1/members/{member_id}")
    assert profile["progress"]["next_tier"] == "gold"
    assert profile["progress"]["missing"] == 80_000
    assert profile["saved_since_joining"] == {"amount_minor": 0, "currency": "EUR"}
    assert profile["is_top"] is False


def test_a_month_ends_with_a_new_tier_and_the_statement_that_was_asked_for(
    program: Program,
) -> None:
    email = f"statement-{program.number()}@example.com"
    member_id = member_with(program, email=email)
    buys(program, 120_000, email=email)
    program.put(f"/v1/members/{member_id}/preferences", {"statement": True})
    month = program.now
    program.advance_to(_fourth_of_next_month(month) + timedelta(hours=12))
    mails = mails_to(program, email)
    # Buying so much also invites to Elite; how far that came depends on the day of the month.
    journey = re.compile(r"invitation|still free|What Elite members enjoy")
    assert sorted(subject for subject, _ in mails if not journey.search(subject)) == [
        "You have reached Gold",
        f"Your Elite statement for {month:%B %Y}",
    ]
    new_tier, statement = (
        dict(mails)["You have reached Gold"],
        dict(mails)[f"Your Elite statement for {month:%B %Y}"],
    )
    assert "A voucher is waiting for you" in new_tier
    assert "Your tier: Gold" in statement
    assert "Earned in" in statement


def mails_to(program: Program, email: str) -> list[tuple[str, str]]:
    """Return subject and text of all that somebody was written."""
    found = program.cloud.get(f"/_local/mail?format=json&to={email}")["items"]
    return [(mail["subject"], mail["text"]) for mail in found]


def _fourth_of_next_month(at: datetime) -> datetime:
    first = (at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + 32 * DAY).replace(day=1)
    return first + 3 * DAY
