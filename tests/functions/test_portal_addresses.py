"""Which addresses sign somebody in to the portal: those that are known to be the member's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.domain.identity import MAX_IDENTITIES
from loyalty.runtime import composition
from tests.support.browser import Browser
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.portal_app import Portal

KNOWN_BY = {"phone": "+491701234567", "card": "4711", "external_id": "x-1"}


def sells(customer: dict[str, str], order_id: str = "O-1") -> None:
    sold = {
        "source": "shop",
        "order_id": order_id,
        "occurred_at": "2017-03-15T11:00:00Z",
        "customer": customer,
        "total": {"amount_minor": 100, "currency": "EUR"},
    }
    assert call("orders", "POST", "/v1/orders", sold).status == 201


def confirm(member_id: str, email: str, roles: str = "service") -> int:
    path = f"/v1/members/{member_id}/email"
    return call("members", "PUT", path, {"email": email}, roles=roles).status


def enrolled_as_active(portal: Portal, said: dict[str, str]) -> str:
    """Enrol somebody at the till by what they say, and make them active in Elite."""
    answer = call("members", "POST", "/v1/members", said)
    assert answer.status == 201, answer.text
    member_id: str = answer.body["member_id"]
    portal.change(member_id, status="active")
    return member_id


def accepted_page(member_id: str) -> str:
    """Accept the member's invitation as whoever reads its mail does; return the page."""
    token = composition.link_signer().sign(
        "invitation", member_id, issued_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    path = f"/v1/invitations/{token}/accept"
    page = call("invitations", "POST", path, headers={"accept": "text/html"})
    assert page.status == 200
    return page.text


def test_the_mail_goes_to_the_address_that_was_given(portal: Portal) -> None:
    member_id = portal.member("ada@example.com")
    sold = {
        "source": "pos",
        "order_id": "O-1",
        "occurred_at": "2017-03-15T11:00:00Z",
        "customer": {"member_id": member_id, "email": "ada@work.example"},
        "total": {"amount_minor": 100, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 1, "amount_minor": 100}],
    }
    assert call("orders", "POST", "/v1/orders", sold).status == 201
    assert portal.ask_for_link(" ADA@example.com ")
    assert portal.sender.sent[-1].to == "ada@example.com"


@pytest.mark.parametrize("known_by", ["phone", "card", "external_id", "member_id"])
def test_an_address_that_an_order_added_opens_nothing(portal: Portal, known_by: str) -> None:
    member_id = portal.member("ada@example.com", **KNOWN_BY)
    known = {**KNOWN_BY, "member_id": member_id}[known_by]
    sells({known_by: known, "email": "attacker@evil.example"})
    member = portal.read(member_id)
    # The order's claim holds: the next one of this address is counted here too.
    assert [own.value for own in member.identities if own.kind == "email"] == [
        "ada@example.com",
        "attacker@evil.example",
    ]
    assert not portal.ask_for_link("attacker@evil.example")
    assert member.identity("email") == "ada@example.com"
    assert portal.ask_for_link("ada@example.com")


def test_a_member_without_an_address_gets_none_by_an_order(portal: Portal) -> None:
    answer = call("members", "POST", "/v1/members", {"phone": "+491701234567"})
    portal.change(answer.body["member_id"], status="active")
    sells({"phone": "+491701234567", "email": "attacker@evil.example"})
    assert not portal.ask_for_link("attacker@evil.example")


def test_our_service_confirms_an_address(portal: Portal) -> None:
    member_id = portal.member("ada@example.com", card="4711")
    sells({"card": "4711", "email": "ada@work.example"})
    for email in ("ada@work.example", "ADA@new.example"):
        assert confirm(member_id, email) == 200
        assert portal.read(member_id).identity("email") == email.lower()
        assert portal.ask_for_link(email)
    assert not portal.ask_for_link("ada@example.com")


def test_nobody_confirms_what_is_anothers_or_their_own(portal: Portal) -> None:
    ada, _ = portal.member("ada@example.com"), portal.member("ben@example.com")
    assert confirm(ada, "ben@example.com") == 409
    assert confirm(ada, "no address") == 422
    for roles in ("shop", "crm", "pos"):
        assert confirm(ada, "ada@new.example", roles) == 403
    assert portal.read(ada).identity("email") == "ada@example.com"


def test_no_more_identities_are_confirmed_than_one_may_hold(portal: Portal) -> None:
    ada = portal.member("ada@example.com")
    for number in range(MAX_IDENTITIES - 1):
        sells({"email": "ada@example.com", "card": f"C-{number}"}, f"O-{number}")
    assert confirm(ada, "ada@new.example") == 422
    assert confirm(ada, "ada@example.com") == 200


def test_the_address_of_the_very_first_order_is_the_customers(portal: Portal) -> None:
    sells({"card": "4711", "email": "ada@example.com"})
    portal.member("ada@example.com")
    assert portal.ask_for_link("ada@example.com")


def test_a_sign_up_says_which_addresses_are_the_members(portal: Portal) -> None:
    sells({"phone": "+491701234567", "email": "squatter@evil.example"})
    portal.member("ada@example.com", phone="+491701234567")
    assert not portal.ask_for_link("squatter@evil.example")
    assert portal.ask_for_link("ada@example.com")


@pytest.mark.parametrize("known_by", ["phone", "card", "external_id"])
def test_an_address_that_came_before_the_sign_up_opens_nothing(
    portal: Portal, known_by: str
) -> None:
    known = {known_by: KNOWN_BY[known_by]}
    sells({**known, "email": "squatter@evil.example"})
    member_id = enrolled_as_active(portal, known)
    assert not portal.ask_for_link("squatter@evil.example")
    assert confirm(member_id, "ada@example.com") == 200
    assert portal.ask_for_link("ada@example.com")


@pytest.mark.parametrize(
    ("said", "gets_in"), [({}, False), ({"email": "orders@example.com"}, True)]
)
def test_an_invitation_from_before_the_sign_up_lets_in_whose_address_was_given(
    portal: Portal, said: dict[str, str], gets_in: bool
) -> None:
    sells({"phone": KNOWN_BY["phone"], "email": "orders@example.com"})
    lookup = call("members", "POST", "/v1/members/lookups", {"phone": KNOWN_BY["phone"]})
    member_id = lookup.body["member_id"]
    portal.change(member_id, status="invited")
    signed_up = call("members", "POST", "/v1/members", {"phone": KNOWN_BY["phone"], **said})
    assert (signed_up.status, signed_up.body["member_id"]) == (201, member_id)
    assert "/portal/sign-in/" not in accepted_page(member_id)
    assert portal.read(member_id).status == "active"
    assert bool(portal.ask_for_link("orders@example.com")) is gets_in


def test_who_accepts_without_a_sign_up_gets_in_by_the_address_of_the_first_order(
    portal: Portal,
) -> None:
    sells({"card": "4711", "email": "ada@example.com"})
    lookup = call("members", "POST", "/v1/members/lookups", {"card": "4711"})
    portal.change(lookup.body["member_id"], status="invited")
    assert "/portal/sign-in/" in accepted_page(lookup.body["member_id"])
    assert portal.signed_in("ada@example.com").page.path == "/portal"


def test_an_invitation_to_an_address_that_was_taken_out_of_use_opens_nothing(
    portal: Portal,
) -> None:
    sells({"card": "4711", "email": "guest@evil.example"})
    member_id = call("members", "POST", "/v1/members/lookups", {"card": "4711"}).body["member_id"]
    portal.change(member_id, status="invited")
    assert confirm(member_id, "ada@example.com") == 200
    assert "/portal/sign-in/" not in accepted_page(member_id)
    assert portal.read(member_id).enrolled
    assert not portal.ask_for_link("guest@evil.example")
    assert portal.ask_for_link("ada@example.com")


def test_a_wrong_address_that_is_set_right_opens_nothing_any_more(portal: Portal) -> None:
    member_id = portal.member("wrong@example.com")
    stranger = portal.signed_in("wrong@example.com")
    link = portal.ask_for_link("wrong@example.com")
    assert confirm(member_id, "right@example.com") == 200
    assert stranger.open("/portal/account").path == "/portal/sign-in"
    assert Browser().post(link, {}).status == 410
    assert portal.signed_in("right@example.com").page.path == "/portal"


def test_confirming_the_only_address_once_more_ends_nothing(portal: Portal) -> None:
    member_id = portal.member("ada@example.com", card="4711")
    sells({"card": "4711", "email": "orders@example.com"})
    browser, link = portal.signed_in(), portal.ask_for_link()
    assert confirm(member_id, "ada@example.com") == 200
    assert browser.open("/portal/account").path == "/portal/account"
    assert Browser().post(link, {}).status == 200


def test_who_comes_back_without_the_old_address_has_ended_its_session(portal: Portal) -> None:
    member_id = portal.member("old@example.com", card="4711")
    stranger = portal.signed_in("old@example.com")
    portal.change(member_id, status="left", joined_at=None)
    assert enrolled_as_active(portal, {"card": "4711"}) == member_id
    assert stranger.open("/portal").path == "/portal/sign-in"
